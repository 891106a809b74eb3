// The ring in one process: worker threads that lease from the buffer and score by direct calls. The same
// engine, worker loop, rules, buffer and trainer as over gRPC, and the same bits.
#pragma once

#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "services/learner_run.h"

namespace r1zero {

// Starts the threads at construction; the destructor ends and joins them. If one fails, the run is
// stopped and Rethrow() throws its exception.
class InProcessWorkers {
 public:
  explicit InProcessWorkers(LearnerRun& run);
  ~InProcessWorkers();
  void Rethrow();

 private:
  void RunOne(int number);
  void Stop();

  LearnerRun& run_;
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::exception_ptr failure_;
  std::vector<std::thread> threads_;
};

}  // namespace r1zero
