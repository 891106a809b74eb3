#include "services/peer.h"

#include <gtest/gtest.h>

#include <chrono>

#include "tests/services/test_ring.h"
#include "tests/services/wire.h"

namespace r1zero {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

// How long Listening waits for this address.
std::chrono::milliseconds WaitFor(const std::string& address) {
  IoScope scope;
  Peer peer({.role = "learner", .address = address, .patience = 5s}, scope);
  const auto start = steady_clock::now();
  scope.Block(peer.Listening(), [] { return false; });
  return std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - start);
}

TEST(Listening, EndsAtOnceWhereAServerListens) {
  const TestFolder folder;
  const FakeReward server(folder.Socket("s"));
  EXPECT_LT(WaitFor(server.address()), 500ms);
}

TEST(Listening, WaitsForAServerOfThisMachineThatComesLate) {
  const TestFolder folder;
  const std::string address = folder.Socket("s");
  std::unique_ptr<FakeReward> server;
  std::thread late([&] {
    std::this_thread::sleep_for(200ms);
    server = std::make_unique<FakeReward>(address);
  });
  const auto waited = WaitFor(address);
  late.join();
  EXPECT_GE(waited, 150ms);
  EXPECT_LT(waited, 900ms);
}

TEST(Listening, WaitsASecondAtMost) {
  const TestFolder folder;
  const auto waited = WaitFor(folder.Socket("none"));
  EXPECT_GE(waited, 900ms);
  EXPECT_LT(waited, 3s);
}

TEST(Listening, DoesNotWaitForAnotherMachine) { EXPECT_LT(WaitFor("192.0.2.1:50051"), 500ms); }

}  // namespace
}  // namespace r1zero
