// How often something happened lately.
#pragma once

#include <algorithm>
#include <chrono>
#include <deque>

namespace r1zero {

class Recent {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit Recent(std::chrono::milliseconds within) : within_(within) {}

  // Happened at `now`, not before the last one; returns the count.
  int Add(Time now) {
    times_.push_back(now);
    while (now - times_.front() > within_) times_.pop_front();
    return count();
  }
  // Up to the last one.
  int count() const { return static_cast<int>(times_.size()); }
  // From the first to the last that count, rounded up, at least 1 s.
  std::chrono::seconds span() const {
    if (times_.empty()) return std::chrono::seconds(1);
    const auto span = std::chrono::ceil<std::chrono::seconds>(times_.back() - times_.front());
    return std::max(span, std::chrono::seconds(1));
  }

 private:
  std::chrono::milliseconds within_;
  std::deque<Time> times_;
};

}  // namespace r1zero
