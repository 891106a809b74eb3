#include "common/threads.h"

#include "common/error.h"

namespace r1zero {

void StartThreads(std::vector<std::thread>& threads, int count, const std::string& what,
                  const std::function<void(int)>& run, const std::function<void()>& stop) {
  for (int i = 0; i < count; ++i) {
    try {
      threads.emplace_back(run, i);
    } catch (const std::exception& e) {  // std::system_error, std::bad_alloc
      stop();
      for (std::thread& thread : threads) thread.join();
      threads.clear();
      Fail(what, ": thread ", i + 1, " of ", count, " cannot be started: ", e.what(),
           "; take fewer, or raise the limits on memory and processes (ulimit -v, ulimit -u)");
    }
  }
}

}  // namespace r1zero
