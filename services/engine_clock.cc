#include "services/engine_clock.h"

#include <utility>

namespace r1zero {

// Stops the clock while it lives.
class EngineClock::InPort {
 public:
  explicit InPort(EngineClock& clock) : clock_(clock) {
    clock_.worked_ += Clock::now() - clock_.resumed_;
  }
  ~InPort() { clock_.resumed_ = Clock::now(); }
  InPort(const InPort&) = delete;
  InPort& operator=(const InPort&) = delete;

 private:
  EngineClock& clock_;
};

WorkerPorts EngineClock::Timed(WorkerPorts ports) {
  return {
      .lease =
          [this, lease = std::move(ports.lease)](int64_t prompts, std::chrono::milliseconds wait) {
            const InPort in_port(*this);
            if (wait.count() > 0) worked_ = {};
            return lease(prompts, wait);
          },
      .fetch_weights =
          [this, fetch = std::move(ports.fetch_weights)](int64_t version) {
            const InPort in_port(*this);
            return fetch(version);
          },
      .deliver =
          [this, deliver = std::move(ports.deliver)](Group group) {
            const InPort in_port(*this);
            deliver(std::move(group));
          },
      .flush = std::move(ports.flush),
      .stop =
          [this, stop = std::move(ports.stop)] {
            const InPort in_port(*this);
            return stop();
          }};
}

}  // namespace r1zero
