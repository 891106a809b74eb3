#include "services/io_scope.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <memory>

namespace r1zero {

IoScope::Cancellable::Cancellable(IoScope& scope, std::function<void()> cancel) : scope_(scope) {
  const std::lock_guard lock(scope_.mutex_);
  if (scope_.cancelled_) throw Interrupted("interrupted");
  place_ = scope_.under_way_.insert(scope_.under_way_.end(), std::move(cancel));
}

IoScope::Cancellable::~Cancellable() {
  const std::lock_guard lock(scope_.mutex_);
  scope_.under_way_.erase(place_);
}

asio::awaitable<void> IoScope::Sleep(std::chrono::milliseconds pause) {
  const auto timer =
      std::make_shared<asio::steady_timer>(co_await asio::this_coro::executor, pause);
  // A timer is no object for two threads: it is cancelled on the scope's own.
  const Cancellable cancellable(*this,
                                [this, timer] { asio::post(pool_, [timer] { timer->cancel(); }); });
  co_await timer->async_wait(asio::as_tuple(asio::use_awaitable));
  ThrowIfCancelled();
}

void IoScope::Spawn(asio::awaitable<void> work) {
  asio::co_spawn(pool_, std::move(work), [this](std::exception_ptr failure) {
    const std::lock_guard lock(mutex_);
    if (!failure_ && !cancelled_) failure_ = std::move(failure);
  });
}

bool IoScope::failed() {
  const std::lock_guard lock(mutex_);
  return failure_ != nullptr;
}

void IoScope::RethrowFailure() {
  const std::lock_guard lock(mutex_);
  if (failure_) std::rethrow_exception(failure_);
}

void IoScope::ThrowIfCancelled() {
  const std::lock_guard lock(mutex_);
  if (cancelled_) throw Interrupted("interrupted");
}

void IoScope::Cancel() {
  const std::lock_guard lock(mutex_);
  if (cancelled_) return;
  cancelled_ = true;
  for (const auto& cancel : under_way_) cancel();
}

void IoScope::Close() {
  Cancel();
  pool_.join();
}

}  // namespace r1zero
