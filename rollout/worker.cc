#include "rollout/worker.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

#include "common/error.h"

namespace r1zero {
namespace {

constexpr std::chrono::milliseconds kIdleWait{500};  // also how long stop() may go unasked
constexpr int kStepsBetweenLeases = 8;               // while there is something to decode

class Worker {
 public:
  Worker(Engine& engine, const Tokenizer& tokenizer, const WorkerPorts& ports)
      : engine_(engine), ports_(ports) {
    Require(engine.idle(), "a worker starts with an idle engine");
    std::vector<std::string> texts;
    for (int32_t token = 0; token < tokenizer.vocab_size(); ++token)
      texts.push_back(tokenizer.TokenBytes(token));
    engine.SetTokenTexts(std::move(texts));
  }

  void Run() {
    while (!ports_.stop() && LeaseMore()) {
      StartLeased();
      for (Group& group : engine_.Step()) ports_.deliver(std::move(group));
    }
    ports_.flush();
  }

 private:
  bool idle() const { return engine_.idle() && leased_.empty(); }

  // False when the run is over.
  bool LeaseMore() {
    if (!idle() && ++steps_since_lease_ < kStepsBetweenLeases) return true;
    const int64_t room = RoomForPrompts();
    if (room == 0) return true;
    steps_since_lease_ = 0;
    LeaseReply reply = ports_.lease(room, idle() ? kIdleWait : std::chrono::milliseconds(0));
    const bool is_first = !last_;
    if (!reply.leases.empty()) Remember(reply.leases.back());
    if (is_first && last_) steps_since_lease_ = kStepsBetweenLeases;  // it knows now what fits
    for (Lease& lease : reply.leases) leased_.push_back(std::move(lease));
    return !reply.run_over;
  }

  void Remember(const Lease& lease) {
    last_ = lease;
    last_->sampling.group_size = std::max(1, lease.sampling.group_size);  // not checked yet
  }

  // Prompts that would start at once, if their groups are like the last one.
  int64_t RoomForPrompts() const {
    const int64_t room = last_ ? engine_.RoomFor(*last_) - static_cast<int64_t>(leased_.size()) : 0;
    return std::max<int64_t>(idle() ? 1 : 0, room);
  }

  // Leases that want newer weights wait until the engine is idle and has them.
  void StartLeased() {
    if (leased_.empty()) return;
    const int64_t wanted = leased_.front().policy_version;
    if (engine_.idle() && engine_.policy_version() != wanted) FetchWeights(wanted);
    while (!leased_.empty() && leased_.front().policy_version <= engine_.policy_version()) {
      engine_.Add(std::move(leased_.front()));
      leased_.pop_front();
    }
  }

  void FetchWeights(int64_t wanted) {
    std::shared_ptr<const Weights> weights = ports_.fetch_weights(wanted);
    Require(weights != nullptr && weights->version >= wanted, "asked for weights of version ",
            wanted, " and got ", weights ? std::to_string(weights->version) : "none");
    if (weights == weights_) return;
    engine_.SetWeights(weights);
    weights_ = std::move(weights);
  }

  Engine& engine_;
  const WorkerPorts& ports_;
  std::deque<Lease> leased_;                // not in the engine yet
  std::shared_ptr<const Weights> weights_;  // the engine's
  std::optional<Lease> last_;               // what the next ones are expected to be like
  int steps_since_lease_ = 0;
};

}  // namespace

void RunWorker(Engine& engine, const Tokenizer& tokenizer, const WorkerPorts& ports) {
  Worker(engine, tokenizer, ports).Run();
}

}  // namespace r1zero
