/**
 * What a proxy is to check, as data: parsed and validated here, acted on by the proxies. All rules of one {@link L7Rules} are
 * alternatives; no rule at all lets everything of the protocol pass.
 */

/** A Kubernetes secret, by name. */
export interface SecretReference {
  readonly namespace?: string;
  readonly name: string;
}

/** A condition on a header, and what happens where it is not met (absent: the request is refused). */
export interface HeaderMatch {
  readonly name: string;
  readonly value?: string;
  readonly secret?: SecretReference;
  readonly mismatch?: 'LOG' | 'ADD' | 'DELETE' | 'REPLACE';
}

/** One request that is allowed. Path, method and host are extended POSIX regular expressions for the whole of the text. */
export interface HttpRule {
  readonly path?: string;
  readonly method?: string;
  readonly host?: string;
  readonly headers?: readonly string[];
  readonly headerMatches?: readonly HeaderMatch[];
}

/** One request to Kafka that is allowed. */
export interface KafkaRule {
  readonly role?: 'produce' | 'consume';
  readonly apiKey?: string;
  readonly apiVersion?: string;
  readonly clientID?: string;
  readonly topic?: string;
}

/** One name that may be asked for: in full, or a pattern with `*`. Lower case, with its final dot; `*` alone is every name. */
export type DnsRule = { readonly matchName: string } | { readonly matchPattern: string };

/** One request of another protocol. */
export type GenericRule = Readonly<Record<string, string>>;

/** How TLS is ended or begun, so that the proxy sees what is within. */
export interface TlsContext {
  readonly secret: SecretReference;
  readonly trustedCA?: string;
  readonly certificate?: string;
  readonly privateKey?: string;
}

/** A listener of one's own to which the traffic goes. */
export interface ListenerReference {
  readonly kind: 'CiliumEnvoyConfig' | 'CiliumClusterwideEnvoyConfig';
  readonly config: string;
  readonly name: string;
  /** 1 to 100, the smaller wins; absent: that of the parser. */
  readonly priority?: number;
}

/** What a proxy checks, and who it is. */
export interface L7Rules {
  /** `http`, `kafka`, `dns`, `tls` (only names of servers), a protocol of one's own (`l7proto`), or a `listener`. */
  readonly parser: string;
  readonly http?: readonly HttpRule[];
  readonly kafka?: readonly KafkaRule[];
  readonly dns?: readonly DnsRule[];
  readonly generic?: readonly GenericRule[];
  readonly serverNames?: readonly string[];
  readonly terminatingTls?: TlsContext;
  readonly originatingTls?: TlsContext;
  readonly listener?: ListenerReference;
}
