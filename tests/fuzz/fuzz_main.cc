#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/fuzz/mutate.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  r1zero::TheFuzzTarget().read(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}

#ifndef R1ZERO_LIBFUZZER
namespace r1zero {
namespace {

uint64_t the_run = 0;

// Of abort(), of an exception that nobody catches, and of a sanitizer that aborts.
void ShowRun(int) {
  std::fprintf(stderr, "\nthat was run %llu\n", static_cast<unsigned long long>(the_run));
  std::signal(SIGABRT, SIG_DFL);
  std::abort();
}

struct Flags {
  uint64_t runs = 10000, seed = 1, first = 0, show = 0;
};

Flags ParseFlags(int argc, char** argv) {
  Flags flags;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    (name == "--runs"    ? flags.runs
     : name == "--seed"  ? flags.seed
     : name == "--first" ? flags.first
                         : flags.show) = std::strtoull(argv[i + 1], nullptr, 10);
  }
  return flags;
}

struct Slowest {
  double seconds = 0;
  uint64_t run = 0;
};

void Run(const Flags& flags) {
  using Clock = std::chrono::steady_clock;
  const FuzzTarget& target = TheFuzzTarget();
  std::vector<uint64_t> counts(target.outcomes.size());
  Slowest slowest;
  for (the_run = flags.first; the_run < flags.first + flags.runs; ++the_run) {
    const std::string bytes = FuzzInput(target, flags.seed, the_run);
    if (flags.show) std::printf("%s\n", bytes.c_str());
    const auto begin = Clock::now();
    const uint32_t outcome = target.read(bytes);
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    if (seconds > slowest.seconds) slowest = {seconds, the_run};
    for (size_t i = 0; i < counts.size(); ++i) counts[i] += outcome >> i & 1;
  }
  std::printf("%llu runs", static_cast<unsigned long long>(flags.runs));
  for (size_t i = 0; i < counts.size(); ++i)
    std::printf("%s%llu %s", i == 0 ? ": " : ", ", static_cast<unsigned long long>(counts[i]),
                target.outcomes[i].c_str());
  std::printf("; the slowest, run %llu, took %.3f s\n",
              static_cast<unsigned long long>(slowest.run), slowest.seconds);
}

}  // namespace
}  // namespace r1zero

int main(int argc, char** argv) {
  std::signal(SIGABRT, r1zero::ShowRun);
  r1zero::Run(r1zero::ParseFlags(argc, argv));
}
#endif
