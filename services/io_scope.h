// Coroutines on one background thread, and an end to all of them.
//
// Everything a client does in the background (a call under way, a pause before the next attempt) runs
// in a scope. Cancel() ends it: calls are cancelled, pauses cut short, and both throw Interrupted into
// the coroutines that wait for them. What fails in the background is thrown in the foreground.
#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <exception>
#include <functional>
#include <future>
#include <list>
#include <memory>
#include <mutex>

#include "common/error.h"

namespace r1zero {

namespace asio = boost::asio;

class Interrupted : public Error {
 public:
  using Error::Error;
};

class IoScope {
 public:
  IoScope() = default;
  ~IoScope() { Close(); }
  IoScope(const IoScope&) = delete;
  IoScope& operator=(const IoScope&) = delete;

  // Runs `work` in the background. The first exception of any such work is kept.
  void Spawn(asio::awaitable<void> work);
  bool failed();
  void RethrowFailure();  // nothing if nothing has failed

  // Runs `work` in the background and waits for it here. Cancels the whole scope once `stop` says so or
  // other work has failed; then throws Interrupted or that failure. REQUIRES another thread than the
  // scope's own.
  template <typename Result>
  Result Block(asio::awaitable<Result> work, const std::function<bool()>& stop);

  // Starts one unary call of gRPC's callback API and resumes with its status. `start(done)` starts it.
  template <typename Start>
  asio::awaitable<grpc::Status> Call(grpc::ClientContext& context, Start start);

  asio::awaitable<void> Sleep(std::chrono::milliseconds pause);

  // Cancels what is under way; what starts later is cancelled at once.
  void Cancel();
  // Cancel, and wait until every coroutine has ended.
  void Close();

 private:
  using Cancellations = std::list<std::function<void()>>;
  // Remembers how to cancel one operation for as long as it lasts.
  class Cancellable {
   public:
    Cancellable(IoScope& scope, std::function<void()> cancel);
    ~Cancellable();
    Cancellable(const Cancellable&) = delete;
    Cancellable& operator=(const Cancellable&) = delete;

   private:
    IoScope& scope_;
    Cancellations::iterator place_;
  };

  void ThrowIfCancelled();

  asio::thread_pool pool_{1};
  std::mutex mutex_;
  bool cancelled_ = false;
  std::exception_ptr failure_;
  Cancellations under_way_;
};

template <typename Result>
Result IoScope::Block(asio::awaitable<Result> work, const std::function<bool()>& stop) {
  auto result = asio::co_spawn(pool_, std::move(work), asio::use_future);
  while (result.wait_for(std::chrono::milliseconds(50)) != std::future_status::ready) {
    if (failed() || (stop && stop())) Cancel();
  }
  try {
    return result.get();
  } catch (const Interrupted&) {
    RethrowFailure();
    throw;
  }
}

template <typename Start>
asio::awaitable<grpc::Status> IoScope::Call(grpc::ClientContext& context, Start start) {
  const Cancellable cancellable(*this, [&context] { context.TryCancel(); });
  // The guard keeps the scope's thread until gRPC has called back.
  auto initiate = [this, start = std::move(start)](auto handler) mutable {
    auto resume = std::make_shared<decltype(handler)>(std::move(handler));
    auto guard = asio::make_work_guard(pool_);
    start([resume, guard](grpc::Status status) {
      asio::post(guard.get_executor(), [resume, status = std::move(status)]() mutable {
        std::move (*resume)(std::move(status));
      });
    });
  };
  grpc::Status status =
      co_await asio::async_initiate<const asio::use_awaitable_t<>, void(grpc::Status)>(
          std::move(initiate), asio::use_awaitable);
  ThrowIfCancelled();
  co_return status;
}

}  // namespace r1zero
