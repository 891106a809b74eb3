#include "services/in_process.h"

#include "common/log.h"
#include "common/stop.h"
#include "common/threads.h"
#include "policy/decoder.h"
#include "reward/rubric.h"
#include "rollout/worker.h"
#include "services/engine_clock.h"
#include "services/scoring.h"
#include "services/torch_parts.h"
#include "services/worker_count.h"

namespace r1zero {
namespace {

using Clock = std::chrono::steady_clock;

std::unique_ptr<Decoder> MakeDecoder(const RunConfig& config, const ModelConfig& model) {
  const EngineConfig& engine = config.rollout.engine;
  const int64_t blocks = NumKvBlocks(engine, config.rollout.max_total_tokens);
  if (config.run.device != "cpu") return Torch().make_decoder(model, blocks, config.run.device);
  return MakeCpuDecoder(model, blocks, MaxBatchTokens(engine), StorageOf(config.policy));
}

}  // namespace

InProcessWorkers::InProcessWorkers(LearnerRun& run) : run_(run) {
  const auto run_one = [this](int i) {
    try {
      RunOne(i);
    } catch (...) {
      std::lock_guard lock(mutex_);
      if (!failure_) failure_ = std::current_exception();
      run_.buffer().Stop();
    }
  };
  StartThreads(threads_, NumWorkers(run.config().rollout), "rollout.workers", run_one,
               [this] { Stop(); });
}

void InProcessWorkers::Stop() {
  stop_ = true;
  run_.buffer().Finish();
}

InProcessWorkers::~InProcessWorkers() {
  Stop();
  for (std::thread& thread : threads_) thread.join();
}

void InProcessWorkers::Rethrow() {
  std::lock_guard lock(mutex_);
  if (failure_) std::rethrow_exception(failure_);
}

void InProcessWorkers::RunOne(int number) {
  const std::string name = "thread-" + std::to_string(number);
  const RunConfig& config = run_.config();
  const Rubric rubric(run_.rubric());
  GroupBuffer& buffer = run_.buffer();

  Engine engine(MakeDecoder(config, run_.shape().model), config.rollout.engine);
  EngineClock clock;
  WorkerPorts ports;
  ports.lease = [&](int64_t max_prompts, std::chrono::milliseconds wait) -> LeaseReply {
    auto leases = buffer.LeasePrompts(name, max_prompts, wait);
    if (!leases) return {.run_over = true};
    return {.leases = std::move(*leases)};
  };
  ports.fetch_weights = [&](int64_t) { return run_.weights().Latest().weights; };
  ports.deliver = [&](Group group) {
    const auto start = Clock::now();
    ScoreGroup(group, static_cast<uint64_t>(config.run.seed), rubric);
    const GroupTimes times{.engine_s = clock.seconds(),
                           .reward_s = std::chrono::duration<double>(Clock::now() - start).count()};
    std::string why;
    const SubmitVerdict verdict = buffer.Submit(name, std::move(group), &why, times);
    if (verdict == SubmitVerdict::kInvalid) LogWarning(name, ": a group was refused: ", why);
  };
  ports.flush = [] {};
  auto renewed = Clock::now();
  ports.stop = [&, renewed]() mutable {
    if (const auto now = Clock::now(); now - renewed > std::chrono::seconds(1)) {
      buffer.Heartbeat(name, engine.tokens_sampled() + engine.tokens_prefilled());
      renewed = now;
    }
    return stop_.load() || StopRequested();
  };

  RunWorker(engine, *run_.shape().tokenizer, clock.Timed(std::move(ports)));
}

}  // namespace r1zero
