/**
 * What the server's services and messages are, for clients that know nothing of them:
 * https://github.com/grpc/grpc/blob/master/doc/server-reflection.md. Both versions of the protocol have the same messages.
 */
import { type DescFile, type DescMessage, type DescService, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { Code, type ServiceImpl } from '@connectrpc/connect';
import type { ServerReflection as ReflectionV1 } from './generated/grpc/reflection/v1/reflection_pb.ts';
import type { ServerReflection as ReflectionV1Alpha } from './generated/grpc/reflection/v1alpha/reflection_pb.ts';

/** What a request asks for, in both versions. */
type Question =
  | { readonly case: 'fileByFilename' | 'fileContainingSymbol'; readonly value: string }
  | { readonly case: 'allExtensionNumbersOfType' | 'listServices'; readonly value: string }
  | { readonly case: 'fileContainingExtension'; readonly value: unknown }
  | { readonly case: undefined; readonly value?: undefined };

type Answer =
  | { case: 'fileDescriptorResponse'; value: { fileDescriptorProto: Uint8Array[] } }
  | { case: 'allExtensionNumbersResponse'; value: { baseTypeName: string; extensionNumber: number[] } }
  | { case: 'listServicesResponse'; value: { service: { name: string }[] } }
  | { case: 'errorResponse'; value: { errorCode: number; errorMessage: string } };

/** The protocol of today, and the older one that many clients ask for first. */
export interface ReflectionServices {
  readonly v1: ServiceImpl<typeof ReflectionV1>;
  readonly v1alpha: ServiceImpl<typeof ReflectionV1Alpha>;
}

/** The services that tell of these services. */
export function reflectionServices(services: readonly DescService[]): ReflectionServices {
  const schema = new Schema(services);
  return {
    v1: {
      async *serverReflectionInfo(requests) {
        for await (const request of requests) yield answered(request, schema);
      },
    },
    v1alpha: {
      async *serverReflectionInfo(requests) {
        for await (const request of requests) yield answered(request, schema);
      },
    },
  };
}

const answered = <Request extends { readonly host: string; readonly messageRequest: Question }>(
  request: Request,
  schema: Schema,
) => ({
  validHost: request.host,
  originalRequest: request,
  messageResponse: schema.answer(request.messageRequest),
});

/** Files by their names, and by what they declare. */
class Schema {
  readonly #services: readonly DescService[];
  readonly #files = new Map<string, DescFile>();
  readonly #symbols = new Map<string, DescFile>();
  readonly #messages = new Set<string>();

  constructor(services: readonly DescService[]) {
    this.#services = services;
    for (const { file } of services) this.#addFile(file);
  }

  answer(question: Question): Answer {
    switch (question.case) {
      case 'fileByFilename':
        return filesAnswer(this.#files.get(question.value), `file ${question.value}`);
      case 'fileContainingSymbol':
        return filesAnswer(this.#symbols.get(question.value), `symbol ${question.value}`);
      case 'fileContainingExtension':
        return errorAnswer(Code.NotFound, 'no message has extensions');
      case 'allExtensionNumbersOfType': {
        const baseTypeName = question.value;
        return this.#messages.has(baseTypeName)
          ? { case: 'allExtensionNumbersResponse', value: { baseTypeName, extensionNumber: [] } }
          : errorAnswer(Code.NotFound, `there is no message ${baseTypeName}`);
      }
      case 'listServices': {
        const service = this.#services.map(({ typeName }) => ({ name: typeName }));
        return { case: 'listServicesResponse', value: { service } };
      }
      case undefined:
        return errorAnswer(Code.InvalidArgument, 'the request asks for nothing');
    }
  }

  #addFile(file: DescFile): void {
    const name = fileName(file);
    if (this.#files.has(name)) return;
    this.#files.set(name, file);
    for (const { typeName } of file.enums) this.#symbols.set(typeName, file);
    for (const message of file.messages) this.#addMessage(message);
    for (const { typeName, methods } of file.services) {
      this.#symbols.set(typeName, file);
      for (const method of methods) this.#symbols.set(`${typeName}.${method.name}`, file);
    }
    for (const dependency of file.dependencies) this.#addFile(dependency);
  }

  #addMessage(message: DescMessage): void {
    this.#symbols.set(message.typeName, message.file);
    this.#messages.add(message.typeName);
    for (const { typeName } of message.nestedEnums) this.#symbols.set(typeName, message.file);
    for (const nested of message.nestedMessages) this.#addMessage(nested);
  }
}

/** Descriptors have their names without the suffix. */
const fileName = (file: DescFile): string => `${file.name}.proto`;

/** A file, and behind it all that it needs. */
function filesAnswer(file: DescFile | undefined, asked: string): Answer {
  if (!file) return errorAnswer(Code.NotFound, `there is no ${asked}`);
  const needed = new Set<DescFile>([file]);
  // What is added while the set is walked is walked, too.
  for (const each of needed) for (const dependency of each.dependencies) needed.add(dependency);
  const fileDescriptorProto = [...needed].map(({ proto }) => toBinary(FileDescriptorProtoSchema, proto));
  return { case: 'fileDescriptorResponse', value: { fileDescriptorProto } };
}

const errorAnswer = (errorCode: Code, errorMessage: string): Answer => ({
  case: 'errorResponse',
  value: { errorCode, errorMessage },
});
