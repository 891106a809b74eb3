// The border between exceptions (inside) and grpc::Status (on the wire).
#pragma once

#include <grpcpp/support/status.h>

#include <utility>

#include "common/error.h"

namespace r1zero {

// The caller belongs to another run or to an earlier start of the learner: it must join again.
class JoinAgain : public Error {
 public:
  using Error::Error;
};

// Runs the body of an RPC. An Error is the caller's mistake; anything else is ours.
template <typename Body>
grpc::Status Guard(Body&& body) {
  try {
    std::forward<Body>(body)();
    return grpc::Status::OK;
  } catch (const JoinAgain& e) {
    return {grpc::StatusCode::FAILED_PRECONDITION, e.what()};
  } catch (const Error& e) {
    return {grpc::StatusCode::INVALID_ARGUMENT, e.what()};
  } catch (const std::exception& e) {
    return {grpc::StatusCode::INTERNAL, e.what()};
  }
}

}  // namespace r1zero
