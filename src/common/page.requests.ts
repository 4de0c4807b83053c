import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, Min } from 'class-validator';

/** Which page of a list, and how long. */
export class PageQuery {
  @ApiProperty({
    required: false,
    example: 'MDE5M2E1ZjAtN2MxZS03ZDNiLTlhNGUtM2YwYzViMWQyZTRm.3lVYHn0mJ0yJ1t2C9c1m8uM0j6d7o1b5s4rQxq2kzSg',
    description: 'nextCursor of the page before, with the same filters; absent for the first page.',
  })
  @IsOptional()
  @IsString()
  cursor?: string;

  @ApiProperty({ required: false, type: 'integer', minimum: 1, maximum: 100, default: 20, example: 20 })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(100)
  limit = 20;
}

/** The same for the lists of one's own account, which are short: most people's fit on one page. */
export class AccountPageQuery extends PageQuery {
  @ApiProperty({ required: false, type: 'integer', minimum: 1, maximum: 100, default: 100, example: 100 })
  override limit = 100;
}
