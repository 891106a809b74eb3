#include "services/worker_session.h"

#include <new>
#include <thread>

#include "common/error.h"
#include "common/log.h"
#include "policy/tokenizer.h"
#include "rollout/engine.h"
#include "rollout/rollout_check.h"
#include "services/delivery.h"
#include "services/engine_clock.h"
#include "services/status.h"

namespace r1zero {
namespace {

constexpr std::chrono::milliseconds kPauseBeforeJoiningAgain{200};

Engine MakeEngine(const RunTerms& terms) {
  const int64_t blocks = NumKvBlocks(terms.engine, terms.max_total_tokens);
  try {
    return Engine(MakeCpuDecoder(terms.model, blocks, MaxBatchTokens(terms.engine), terms.storage),
                  terms.engine);
  } catch (const std::bad_alloc&) {
    Fail("this worker's machine has no memory for ", blocks, " KV blocks (",
         KvCacheBytes(terms.model, blocks, terms.storage) / 1e9,
         " GB); lower rollout.kv_blocks, or rollout.max_sequences where that is 0");
  }
}

WorkerPorts MakePorts(TrainingClient& learner, Delivery& delivery, IoScope& scope,
                      const std::function<bool()>& stop, const EngineClock& clock) {
  return {
      .lease = [&](int64_t prompts,
                   std::chrono::milliseconds wait) { return learner.LeasePrompts(prompts, wait); },
      .fetch_weights = [&](int64_t version) { return learner.FetchWeights(version); },
      .deliver = [&](Group group) { delivery.Deliver(std::move(group), clock.seconds()); },
      .flush = [&] { delivery.Flush(); },
      .stop = [&] { return stop() || scope.failed(); }};
}

// Tells the learner how far the engine is; and one line for those who measure how soon a run samples.
// Asked between decode steps.
std::function<bool()> NotingTokens(std::function<bool()> stop, const Engine& engine,
                                   TrainingClient& learner) {
  return [stop = std::move(stop), &engine, &learner, noted = false]() mutable {
    learner.Advance(engine.tokens_sampled() + engine.tokens_prefilled());
    if (!noted && engine.tokens_sampled() > 0) {
      LogInfo("sampled its first token");
      noted = true;
    }
    return stop();
  };
}

void Session(const WorkerOptions& options) {
  IoScope scope;
  TrainingClient learner(
      {.role = "learner", .address = options.learner, .patience = options.patience}, options.name,
      options.stop, scope);
  const RunTerms& terms = learner.Join();
  LogInfo("joined run ", terms.run_id, ", epoch ", terms.epoch, ", as ", options.name);

  const auto tokenizer = MakeTokenizer(terms.tokenizer_json, "the learner's tokenizer");
  RewardClient reward(
      {.role = "reward service", .address = options.reward, .patience = options.patience},
      {.rubric = terms.reward}, scope);
  scope.Block(reward.Check(), options.stop);
  Delivery delivery(learner, reward, scope, options.stop);

  Engine engine = MakeEngine(terms);
  try {
    EngineClock clock;
    WorkerPorts ports = MakePorts(learner, delivery, scope, options.stop, clock);
    ports.stop = NotingTokens(std::move(ports.stop), engine, learner);
    RunWorker(engine, *tokenizer, clock.Timed(std::move(ports)));
  } catch (const Interrupted&) {  // while it fetched weights
  }
  scope.RethrowFailure();
  if (options.stop()) learner.Leave();
}

}  // namespace

void Work(const WorkerOptions& options) {
  for (;;) {
    try {
      return Session(options);
    } catch (const JoinAgain& e) {
      LogWarning("joining again: ", e.what());
      std::this_thread::sleep_for(kPauseBeforeJoiningAgain);
    } catch (const Interrupted&) {
      if (options.stop()) return;
      throw;
    }
  }
}

}  // namespace r1zero
