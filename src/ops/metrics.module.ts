import { type DynamicModule, Inject, Module, type OnApplicationBootstrap } from '@nestjs/common';
import { Metrics } from '../common/metrics.js';
import { MetricsController } from './metrics.controller.js';
import { PrometheusMetrics } from './prometheus-metrics.js';

/** Where every room counts, and where Prometheus reads it. */
@Module({})
export class MetricsModule implements OnApplicationBootstrap {
  constructor(@Inject(PrometheusMetrics) private readonly metrics: PrometheusMetrics) {}

  /** @param metrics of this instance of the app: its HTTP server counts before there are modules */
  static forRoot(metrics: PrometheusMetrics): DynamicModule {
    return {
      module: MetricsModule,
      global: true,
      controllers: [MetricsController],
      providers: [
        { provide: PrometheusMetrics, useValue: metrics },
        { provide: Metrics, useExisting: PrometheusMetrics },
      ],
      exports: [Metrics],
    };
  }

  onApplicationBootstrap(): void {
    this.metrics.watchProcess();
  }
}
