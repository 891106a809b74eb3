// Starting threads on a machine that may not have room for them.
#pragma once

#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace r1zero {

// Appends threads that call run(0), ..., run(count - 1) to `threads`, which the caller joins. Where the
// machine cannot start one of them: calls `stop`, which must make those that run come to their end, joins
// and removes them all, and throws Error naming `what` ("rollout.workers"), the thread and the reason.
void StartThreads(std::vector<std::thread>& threads, int count, const std::string& what,
                  const std::function<void(int)>& run, const std::function<void()>& stop);

}  // namespace r1zero
