// Calls by name, for services whose stubs no library here brings.
#pragma once

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <vector>

#include "proto/training.pb.h"

namespace r1zero {

struct Reply {
  grpc::Status status;
  std::string bytes;
};

inline grpc::ByteBuffer ToBuffer(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

inline std::string ToBytes(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  if (!buffer.Dump(&slices).ok()) return "";
  std::string bytes;
  for (const grpc::Slice& slice : slices)
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return bytes;
}

// Waits for one operation.
inline bool Next(grpc::CompletionQueue& queue) {
  void* tag = nullptr;
  bool ok = false;
  return queue.Next(&tag, &ok) && ok;
}

// One message there, one back.
inline Reply Call(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                  const std::string& request) {
  grpc::GenericStub stub(channel);
  grpc::CompletionQueue queue;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(5));
  const auto call = stub.PrepareCall(&context, method, &queue);
  call->StartCall(nullptr);
  Next(queue);
  call->WriteLast(ToBuffer(request), grpc::WriteOptions(), nullptr);
  Next(queue);
  grpc::ByteBuffer answer;
  call->Read(&answer, nullptr);
  const bool read = Next(queue);
  Reply reply;
  call->Finish(&reply.status, nullptr);
  Next(queue);
  if (read) reply.bytes = ToBytes(answer);
  return reply;
}

inline v1::Identity TestIdentity(const std::string& worker, int64_t epoch = 1) {
  v1::Identity identity;
  identity.set_run_id("test-run");
  identity.set_epoch(epoch);
  identity.set_worker(worker);
  return identity;
}

}  // namespace r1zero
