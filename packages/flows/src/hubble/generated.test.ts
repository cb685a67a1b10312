import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { type DescFile, fromBinary, toJson } from '@bufbuild/protobuf';
import {
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from '@bufbuild/protobuf/wkt';
import { file_flow_flow } from './generated/flow/flow_pb.ts';
import { file_grpc_health_v1_health } from './generated/grpc/health/v1/health_pb.ts';
import { file_grpc_reflection_v1_reflection } from './generated/grpc/reflection/v1/reflection_pb.ts';
import { file_grpc_reflection_v1alpha_reflection } from './generated/grpc/reflection/v1alpha/reflection_pb.ts';
import { file_observer_observer } from './generated/observer/observer_pb.ts';
import { file_peer_peer } from './generated/peer/peer_pb.ts';
import { file_relay_relay } from './generated/relay/relay_pb.ts';

const ROOT = new URL('../../../..', import.meta.url).pathname;

const generated: readonly DescFile[] = [
  file_flow_flow,
  file_grpc_health_v1_health,
  file_grpc_reflection_v1_reflection,
  file_grpc_reflection_v1alpha_reflection,
  file_observer_observer,
  file_peer_peer,
  file_relay_relay,
];

/** What a file declares, without the names that JSON gives to fields, which follow from the others. */
const declared = (file: FileDescriptorProto): unknown =>
  JSON.parse(JSON.stringify(toJson(FileDescriptorProtoSchema, file)), (key, value) =>
    key === 'jsonName' ? undefined : value,
  );

describe('the generated messages', () => {
  test('are those of the proto files; if not: npm run proto', () => {
    const compiled = execFileSync(
      `${ROOT}node_modules/.bin/buf`,
      [
        'build',
        `${ROOT}packages/flows/proto`,
        '--exclude-source-info',
        '--exclude-imports',
        '-o',
        '-#format=binpb',
      ],
      { maxBuffer: 2 ** 24 },
    );
    const { file: files } = fromBinary(FileDescriptorSetSchema, compiled);
    assert.deepEqual(
      files.map(({ name }) => name).sort(),
      generated.map(({ name }) => `${name}.proto`).sort(),
    );
    for (const { name, proto } of generated) {
      const file = files.find((each) => each.name === `${name}.proto`);
      assert.ok(file);
      assert.deepEqual(declared(proto), declared(file), name);
    }
  });
});
