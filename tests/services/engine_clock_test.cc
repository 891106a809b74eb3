#include "services/engine_clock.h"

#include <gtest/gtest.h>

#include <thread>

namespace r1zero {
namespace {

using std::chrono::milliseconds;

void Work() { std::this_thread::sleep_for(milliseconds(20)); }

// Ports that take as long as the work between them.
WorkerPorts SlowPorts(double* seconds_at_delivery, EngineClock& clock) {
  return {.lease =
              [](int64_t, milliseconds) {
                Work();
                return LeaseReply{};
              },
          .fetch_weights =
              [](int64_t) {
                Work();
                return std::shared_ptr<const Weights>();
              },
          .deliver =
              [&clock, seconds_at_delivery](Group) {
                Work();
                *seconds_at_delivery = clock.seconds();
              },
          .flush = [] {},
          .stop =
              [] {
                Work();
                return false;
              }};
}

// Sleeps are never too short: each bound below holds however slow the machine is.
TEST(EngineClock, CountsWhatPassesBetweenThePortsSinceTheWorkerLastWaited) {
  EngineClock clock;
  double at_delivery = 0;
  const WorkerPorts ports = clock.Timed(SlowPorts(&at_delivery, clock));
  const auto start = std::chrono::steady_clock::now();
  Work();
  ports.lease(1, milliseconds(500));
  EXPECT_EQ(clock.seconds(), 0);
  ports.fetch_weights(1);
  Work();
  ports.stop();
  ports.lease(1, milliseconds(0));
  Work();
  ports.deliver({});
  const double all =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  EXPECT_GE(at_delivery, 0.040);
  EXPECT_LE(at_delivery, all - 0.120);  // the first work, and five ports
}

}  // namespace
}  // namespace r1zero
