#include "services/learner_server.h"

#include "common/file.h"
#include "common/log.h"
#include "services/address.h"
#include "services/server.h"
#include "services/training_service.h"

namespace r1zero {
namespace {

constexpr std::chrono::milliseconds kGoodbye{5'000};

RunTerms MakeTerms(const LearnerRun& run) {
  const RolloutConfig& rollout = run.config().rollout;
  return {
      .run_id = run.run_id(),
      .epoch = run.epoch(),
      .config_toml = ToToml(run.config()),
      .model = run.shape().model,
      .storage = StorageOf(run.config().policy),
      .tokenizer_json = run.shape().tokenizer->ToJson(),
      .reward = run.rubric(),
      .engine = rollout.engine,
      .max_total_tokens = rollout.max_total_tokens,
      .max_prompts_per_lease = rollout.max_prompts_per_lease,
      .lease_time = std::chrono::milliseconds(static_cast<int64_t>(rollout.lease_seconds * 1000))};
}

}  // namespace

void CheckCanServe(const std::string& listen, bool insecure_bind) {
  RequireAllowedBind({.listen = listen, .insecure_bind = insecure_bind});
  CheckCanListen(ParseAddress(listen));
}

struct LearnerServer::State {
  State(LearnerRun& run, const ServerOptions& options)
      : buffer(run.buffer()),
        service(MakeTerms(run), run.buffer(), run.weights()),
        server(options, {&service}) {}
  GroupBuffer& buffer;
  TrainingService service;
  Server server;
};

LearnerServer::LearnerServer(LearnerRun& run, const std::string& listen, bool insecure_bind)
    : state_(std::make_unique<State>(
          run, ServerOptions{.listen = listen, .insecure_bind = insecure_bind})) {
  LogInfo("run ", run.run_id(), ", epoch ", run.epoch(), ": serving workers on ",
          state_->server.address());
}

LearnerServer::~LearnerServer() {
  state_->buffer.Finish();
  state_->service.WaitUntilWorkersKnow(kGoodbye);
  state_->server.Shutdown(std::chrono::milliseconds(1'000));
}

}  // namespace r1zero
