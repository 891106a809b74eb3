#include <unistd.h>

#include <atomic>
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

using Number = unsigned long long;  // as printf has it

constexpr unsigned kSecondsBetweenLines = 10;

std::atomic<Number> the_run = 0, the_end = 0, the_shown = 0;

// Of a timer: an input that is read for ever shows as a run that stays the same, at 0 a second.
void ShowProgress(int) {
  const Number run = the_run, rate = (run - the_shown.exchange(run)) / kSecondsBetweenLines;
  char line[100];
  const int size = std::snprintf(line, sizeof(line), "run %llu of %llu, %llu a second\n", run,
                                 the_end.load(), rate);
  [[maybe_unused]] const auto written = write(STDERR_FILENO, line, size);
  alarm(kSecondsBetweenLines);
}

void StartProgress(Number first, Number end) {
  the_shown = first;
  the_end = end;
  std::signal(SIGALRM, ShowProgress);
  alarm(kSecondsBetweenLines);
}

// Of abort(), of an exception that nobody catches, and of a sanitizer that aborts.
void ShowRun(int) {
  std::fprintf(stderr, "\nthat was run %llu\n", the_run.load());
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

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

void Run(const Flags& flags) {
  const FuzzTarget& target = TheFuzzTarget();
  std::vector<uint64_t> counts(target.outcomes.size());
  Slowest slowest;
  const auto begin_of_all = Clock::now();
  StartProgress(flags.first, flags.first + flags.runs);
  for (the_run = flags.first; the_run < the_end; ++the_run) {
    const std::string bytes = FuzzInput(target, flags.seed, the_run);
    if (flags.show) std::printf("%s\n", bytes.c_str());
    const auto begin = Clock::now();
    const uint32_t outcome = target.read(bytes);
    const double seconds = SecondsSince(begin);
    if (seconds > slowest.seconds) slowest = {seconds, the_run};
    for (size_t i = 0; i < counts.size(); ++i) counts[i] += outcome >> i & 1;
  }
  std::printf("%llu runs in %.1f s", static_cast<Number>(flags.runs), SecondsSince(begin_of_all));
  for (size_t i = 0; i < counts.size(); ++i)
    std::printf("%s%llu %s", i == 0 ? ": " : ", ", static_cast<Number>(counts[i]),
                target.outcomes[i].c_str());
  std::printf("; the slowest, run %llu, took %.3f s\n", static_cast<Number>(slowest.run),
              slowest.seconds);
}

}  // namespace
}  // namespace r1zero

int main(int argc, char** argv) {
  std::signal(SIGABRT, r1zero::ShowRun);
  r1zero::Run(r1zero::ParseFlags(argc, argv));
}
#endif
