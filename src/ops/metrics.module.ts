import { type DynamicModule, Inject, Module, type OnApplicationBootstrap } from '@nestjs/common';
import { Metrics } from '../common/metrics.js';
import { MetricsController } from './metrics.controller.js';
import { PrometheusMetrics } from './prometheus-metrics.js';

/** Provides the metrics to all rooms and exposes them to Prometheus. */
@Module({})
export class MetricsModule implements OnApplicationBootstrap {
  constructor(@Inject(PrometheusMetrics) private readonly metrics: PrometheusMetrics) {}

  /** @param metrics metrics of this app instance; its HTTP server counts before the modules exist */
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
