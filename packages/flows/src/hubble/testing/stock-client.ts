/**
 * A client that shares nothing with the server: grpc-js for the wire, protobufjs for messages, both reading the proto files. What stock
 * clients send is sent as the very bytes that were recorded of them.
 */
import {
  type ChannelCredentials,
  Client,
  credentials,
  type GrpcObject,
  loadPackageDefinition,
  type ServiceClientConstructor,
  type ServiceError,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const PROTO = new URL('../../../proto', import.meta.url).pathname;

const FILES = [
  'observer/observer.proto',
  'peer/peer.proto',
  'grpc/health/v1/health.proto',
  'grpc/reflection/v1/reflection.proto',
  'grpc/reflection/v1alpha/reflection.proto',
];

const packages = loadPackageDefinition(
  loadSync(FILES, {
    includeDirs: [PROTO],
    keepCase: true,
    longs: String,
    enums: String,
    defaults: false,
    oneofs: true,
  }),
);

/** Certificates of tests are for this name; addresses are no names. */
const OPTIONS = { 'grpc.ssl_target_name_override': 'localhost' };

/** What came, as plain data. */
// biome-ignore lint/suspicious/noExplicitAny: messages are whatever the wire says
export type Message = any;

type Call = (request: object, done?: (error: ServiceError | null, answer: Message) => void) => Message;

/** A client of one server. */
export class StockClient implements Disposable {
  readonly #client: Client;
  readonly #address: string;
  readonly #credentials: ChannelCredentials;
  readonly #open: Client[] = [];

  /** @param address - As `unix:/path` or `127.0.0.1:4244`. */
  constructor(address: string, channel = credentials.createInsecure()) {
    this.#address = address;
    this.#credentials = channel;
    this.#client = new Client(address, channel, OPTIONS);
    this.#open.push(this.#client);
  }

  /** Calls a method that answers once. */
  ask(service: string, method: string, request: object = {}): Promise<Message> {
    return new Promise((resolve, reject) => {
      this.#method(service, method)(request, (error, answer) => (error ? reject(error) : resolve(answer)));
    });
  }

  /** Calls a method that answers with a stream, or a conversation. */
  stream(service: string, method: string, request: object = {}): Message {
    return this.#method(service, method)(request);
  }

  /** All that a stream says until it ends. */
  async all(service: string, method: string, request: object = {}): Promise<Message[]> {
    const answers: Message[] = [];
    for await (const answer of this.stream(service, method, request)) answers.push(answer);
    return answers;
  }

  /** Sends bytes, and gives how many messages came until the stream ended. */
  async raw(path: string, request: Buffer): Promise<Buffer[]> {
    const same = (bytes: Buffer): Buffer => bytes;
    const answers: Buffer[] = [];
    for await (const answer of this.#client.makeServerStreamRequest(path, same, same, request))
      answers.push(answer);
    return answers;
  }

  [Symbol.dispose](): void {
    for (const client of this.#open) client.close();
  }

  #method(service: string, method: string): Call {
    let found: GrpcObject | undefined = packages;
    for (const name of service.split('.')) found = found?.[name] as GrpcObject | undefined;
    const Service = found as unknown as ServiceClientConstructor;
    const client = new Service(this.#address, this.#credentials, OPTIONS);
    this.#open.push(client);
    return (client[method] as Call).bind(client);
  }
}
