import { Duration, Validations } from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import {
  AccessLevel,
  AllowedMethods,
  CachePolicy,
  Distribution,
  Function as EdgeFunction,
  FunctionCode,
  FunctionEventType,
  FunctionRuntime,
  HttpVersion,
  SecurityPolicyProtocol,
  ViewerProtocolPolicy,
  type BehaviorOptions,
} from 'aws-cdk-lib/aws-cloudfront';
import { S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import type { Bucket, IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';

/** A domain of one's own. */
export interface RepositoryDomain {
  /** E.g. `updates.example.com`; its DNS record is yours to make. */
  readonly name: string;
  /** In us-east-1. */
  readonly certificateArn: string;
}

/** What is served, and under which name. */
export interface RepositoryDistributionProps {
  readonly bucket: Bucket;
  /** @default - CloudFront's own name */
  readonly domain?: RepositoryDomain;
  readonly comment: string;
}

/** How long an answer 403 or 404 is kept: a client that asked for the next root too early must find it soon. */
const ERROR_TTL = Duration.seconds(10);
const MINUTE = Duration.minutes(1);
const YEAR = Duration.days(365);
/** Not for ever, although these objects never change: what was put wrongly and put right is served right a day later. */
const VERSIONED_TTL = Duration.days(1);

/**
 * Serves a private bucket as TUF clients need it: a missing object is a 404, unversioned metadata is at most a minute old, and `/` lists nothing.
 * Targets are kept for a minute unless the object's own Cache-Control says more: fleetctl's channels (`stable`, `edge`, `5`) are paths whose content changes.
 */
export class RepositoryDistribution extends Construct {
  readonly distribution: Distribution;

  constructor(scope: Construct, id: string, { bucket, domain, comment }: RepositoryDistributionProps) {
    super(scope, id);
    const origin = S3BucketOrigin.withOriginAccessControl(bucket as IBucket, {
      // a cast: CDK's own types do not agree on `undefined` under exactOptionalPropertyTypes
      originAccessLevels: [AccessLevel.READ, AccessLevel.LIST], // S3 answers 404 only to those who may list
    });
    const paths = new EdgeFunction(this, 'Paths', {
      comment: 'One slash where a client sends two; nothing at /',
      runtime: FunctionRuntime.JS_2_0,
      code: FunctionCode.fromInline(PATHS),
    });
    const behavior = (cachePolicy: CachePolicy): BehaviorOptions => ({
      origin,
      cachePolicy,
      allowedMethods: AllowedMethods.ALLOW_GET_HEAD,
      viewerProtocolPolicy: ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
      compress: false, // clients compare Content-Length with the signed length
      functionAssociations: [{ function: paths, eventType: FunctionEventType.VIEWER_REQUEST }],
    });
    const fresh = this.cache('Fresh', 'At most a minute old', MINUTE, MINUTE);
    const versioned = behavior(this.cache('Versioned', 'Never changes under its name', VERSIONED_TTL, YEAR));
    this.distribution = new Distribution(this, 'Distribution', {
      comment,
      defaultBehavior: behavior(fresh),
      additionalBehaviors: {
        'targets/*': behavior(this.cache('Targets', 'A minute, or what the object says', MINUTE, YEAR)),
        '*.root.json': versioned,
        '*.snapshot.json': versioned,
        '*.targets.json': versioned,
      },
      errorResponses: [403, 404].map((httpStatus) => ({ httpStatus, ttl: ERROR_TTL })),
      httpVersion: HttpVersion.HTTP2_AND_3,
      // Without a domain of one's own CloudFront's certificate decides, which takes TLS 1.0 too: what is served is signed, and public.
      ...(domain !== undefined && {
        minimumProtocolVersion: SecurityPolicyProtocol.TLS_V1_2_2021,
        domainNames: [domain.name],
        certificate: Certificate.fromCertificateArn(this, 'Certificate', domain.certificateArn),
      }),
    });
    Validations.of(this).acknowledge({
      id: 'Annotation::@aws-cdk/aws-cloudfront-origins:listBucketSecurityRisk',
      reason: 'The function answers 404 to /, and no query string reaches the bucket: nothing is listed.',
    });
  }

  private cache(id: string, comment: string, defaultTtl: Duration, maxTtl: Duration): CachePolicy {
    return new CachePolicy(this, id, { comment, minTtl: Duration.seconds(0), defaultTtl, maxTtl });
  }
}

/** Orbit asks for //timestamp.json when its address ends with a slash. */
const PATHS = `function handler(event) {
  var request = event.request;
  request.uri = request.uri.replace(/^\\/+/, '/');
  return request.uri === '/' ? { statusCode: 404 } : request;
}
`;
