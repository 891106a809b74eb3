#include "services/reward_client.h"

#include "common/error.h"
#include "common/log.h"
#include "services/convert_reward.h"
#include "services/scoring.h"

namespace r1zero {
namespace {

constexpr int kItemsPerRequest = 1024;
constexpr size_t kBytesPerRequest = 8 << 20;

v1::ScoreRequest EmptyRequest(const RewardConfig& rubric) {
  v1::ScoreRequest request;
  RubricToProto(rubric, request.mutable_rubric());
  return request;
}

size_t SizeOf(const Judged& judged) {
  return judged.prompt.size() + judged.completion.size() + judged.gold.size();
}

// The group's completions in requests that the service takes.
std::vector<v1::ScoreRequest> Batches(const Group& group, uint64_t seed,
                                      const RewardConfig& rubric) {
  std::vector<v1::ScoreRequest> batches;
  size_t bytes = 0;
  for (const Judged& judged : ToJudged(group, seed)) {
    bytes += SizeOf(judged);
    if (batches.empty() || batches.back().items_size() == kItemsPerRequest ||
        bytes > kBytesPerRequest) {
      batches.push_back(EmptyRequest(rubric));
      bytes = SizeOf(judged);
    }
    *batches.back().add_items() = ToProto(judged);
  }
  return batches;
}

// Statuses that say something about the request, not about this attempt.
bool IsRefusal(const grpc::Status& status) {
  return status.error_code() == grpc::StatusCode::INVALID_ARGUMENT ||
         status.error_code() == grpc::StatusCode::UNIMPLEMENTED ||
         status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED;
}

}  // namespace

RewardClient::RewardClient(PeerOptions peer, RewardClientOptions options, IoScope& scope)
    : peer_(std::move(peer), scope),
      options_(std::move(options)),
      stub_(v1::Reward::NewStub(peer_.channel())) {}

asio::awaitable<bool> RewardClient::Score(Group& group, uint64_t seed) {
  const std::vector<v1::ScoreRequest> batches = Batches(group, seed, options_.rubric);
  for (int attempt = 0; attempt < options_.attempts; ++attempt) {
    if (co_await Attempt(group, batches)) co_return true;
  }
  co_return false;
}

asio::awaitable<void> RewardClient::Check() {
  const v1::ScoreRequest request = EmptyRequest(options_.rubric);
  auto start = [&](grpc::ClientContext* context, v1::ScoreReply* reply, auto done) {
    stub_->async()->Score(context, &request, reply, std::move(done));
  };
  co_await peer_.Listening();
  co_await peer_.Call<v1::ScoreReply>("Score", options_.deadline, start);
}

asio::awaitable<bool> RewardClient::Attempt(Group& group,
                                            const std::vector<v1::ScoreRequest>& batches) {
  std::vector<r1zero::Score> scores;
  std::string problem;
  for (const v1::ScoreRequest& batch : batches) {
    v1::ScoreReply reply;
    const grpc::Status status = co_await Request(batch, reply);
    if (!status.ok()) problem = Describe(status, peer_.options().role);
    if (!status.ok()) break;
    try {
      for (const v1::ScoreResult& result : reply.results()) scores.push_back(FromProto(result));
    } catch (const Error& e) {
      problem = e.what();
    }
  }
  try {
    if (problem.empty()) ApplyScores(group, scores);
  } catch (const Error& e) {
    problem = e.what();
  }
  if (!problem.empty()) {
    LogWarning("reward service ", peer_.options().address, ": could not score prompt ",
               group.prompt.ordinal, ": ", problem);
  }
  co_return problem.empty();
}

asio::awaitable<grpc::Status> RewardClient::Request(const v1::ScoreRequest& request,
                                                    v1::ScoreReply& reply) {
  co_await peer_.Connected();  // that it is down, or restarting, is not this group's fault
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + options_.deadline);
  auto start = [&](auto done) {
    stub_->async()->Score(&context, &request, &reply, std::move(done));
  };
  const grpc::Status status = co_await peer_.scope().Call(context, start);
  Require(!IsRefusal(status), "reward service ", peer_.options().address,
          ": Score: ", Describe(status, peer_.options().role));
  co_return status;
}

}  // namespace r1zero
