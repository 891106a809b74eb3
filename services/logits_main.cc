// r1zero logits: what a model says of a sequence of token ids.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <iterator>
#include <numeric>
#include <sstream>
#include <utility>

#include "common/error.h"
#include "kernels/attention.h"
#include "kernels/simd.h"
#include "policy/decoder.h"
#include "policy/hf_folder.h"
#include "services/command.h"
#include "services/verbs.h"

namespace r1zero {
namespace {

constexpr char kDescription[] =
    "The logits of a Hugging Face model folder or checkpoint for a sequence of token ids. Reads "
    "config.json and the weights, no tokenizer.";
constexpr char kExamples[] = R"(
examples
  r1zero logits --model DIR --ids "1 2 3"                  the ten likeliest next tokens after each id
  r1zero logits --model DIR --ids "1 2 3" --last --json    all logits after the last, as one JSON line
  r1zero logits --model DIR --ids "1 2 3" --greedy 64      64 tokens, each the likeliest one
  echo 1 2 3 | r1zero logits --model DIR --ids -

A JSON line is {"position": 2, "id": 3, "logits": [...]}, with --top {"position": 2, "id": 3, "top":
[{"id": 5, "logit": 1.25, "logprob": -0.5}, ...]}, with --greedy {"greedy": [...]}. Float32; nine digits
give the same float back. Exit status: 0 success, 1 failed, 2 bad usage, ids or model.
)";
constexpr int64_t kTableRows = 10;

struct LogitsFlags {
  std::string model, ids;
  bool last = false, all = false, json = false;
  int64_t top = 0;  // 0: not given
  int64_t greedy = 0;
};

void AddFlags(CLI::App& app, LogitsFlags& flags) {
  app.add_option("--model", flags.model, "Hugging Face model folder")->required();
  app.add_option("--ids", flags.ids, "token ids, apart by spaces or commas; -: standard input")
      ->required();
  CLI::Option* last = app.add_flag("--last", flags.last, "after the last id only");
  app.add_flag("--all", flags.all, "after each id (the default)")->excludes(last);
  CLI::Option* top =
      app.add_option("--top", flags.top, "the N likeliest tokens (a table shows 10 if not given)")
          ->check(CLI::PositiveNumber);
  app.add_option("--greedy", flags.greedy, "goes on with N tokens, each the likeliest one")
      ->check(CLI::PositiveNumber)
      ->excludes(top);
  app.add_flag("--json", flags.json, "JSON lines instead of a table");
}

// Blanks and commas are the same, but a comma wants an id on either side.
void RequireIdsBetweenCommas(std::string_view text) {
  bool wants_id = true;
  for (const char c : text) {
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') continue;
    Require(c != ',' || !wants_id, "--ids: a comma without an id before it");
    wants_id = c == ',';
  }
  Require(!wants_id || text.find(',') == text.npos, "--ids: a comma without an id after it");
}

std::vector<int32_t> ParseIds(std::string text) {
  if (text == "-") text.assign(std::istreambuf_iterator<char>(std::cin), {});
  RequireIdsBetweenCommas(text);
  std::ranges::replace(text, ',', ' ');
  std::istringstream words(text);
  std::vector<int32_t> ids;
  for (std::string word; words >> word;) {
    int32_t id = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), id);
    Require(error == std::errc() && end == word.data() + word.size(), "--ids: '", word,
            "' is not a token id");
    ids.push_back(id);
  }
  Require(!ids.empty(), "--ids: no token ids; expected some, such as \"1 2 3\"");
  return ids;
}

// One sequence, run token by token.
class Reader {
 public:
  Reader(std::shared_ptr<const Weights> weights, int64_t length) {
    const ModelConfig& config = weights->config;
    table_.resize((length + kernels::kKvBlockTokens - 1) / kernels::kKvBlockTokens);
    std::iota(table_.begin(), table_.end(), 0);
    decoder_ = MakeCpuDecoder(config, static_cast<int64_t>(table_.size()), length);
    decoder_->SetWeights(std::move(weights));
    logits_V_.resize(config.vocab_size);
  }

  // The logits after the last of `ids`, which follow those read before. Error if one is not a number:
  // weights may be finite and their products not.
  const std::vector<float>& Read(std::span<const int32_t> ids) {
    const DecoderInput input{.tokens = ids, .first_position = position_, .block_table = table_};
    decoder_->Forward({&input, 1}, logits_V_.data());
    position_ += static_cast<int64_t>(ids.size());
    const auto spoilt =
        std::ranges::find_if_not(logits_V_, [](float z) { return std::isfinite(z); });
    Require(spoilt == logits_V_.end(), "position ", position(), ", after id ", ids.back(),
            ": the logit of token ", spoilt - logits_V_.begin(),
            " is not finite; the model's weights are too large for float32");
    return logits_V_;
  }
  int64_t position() const { return position_ - 1; }  // of the last id read

 private:
  std::unique_ptr<Decoder> decoder_;
  std::vector<int32_t> table_;
  std::vector<float> logits_V_;
  int64_t position_ = 0;
};

double LogSumExp(const std::vector<float>& logits_V) {
  const double largest = *std::ranges::max_element(logits_V);
  double sum = 0;
  for (const float logit : logits_V) sum += std::exp(logit - largest);
  return largest + std::log(sum);
}

// Largest first; of equal ones the smaller id.
std::vector<int32_t> TopIds(const std::vector<float>& logits_V, int64_t count) {
  std::vector<int32_t> ids(logits_V.size());
  std::iota(ids.begin(), ids.end(), 0);
  count = std::min(count, static_cast<int64_t>(ids.size()));
  std::partial_sort(ids.begin(), ids.begin() + count, ids.end(), [&](int32_t a, int32_t b) {
    return logits_V[a] > logits_V[b] || (logits_V[a] == logits_V[b] && a < b);
  });
  ids.resize(count);
  return ids;
}

void PrintJson(int64_t position, int32_t id, const std::vector<float>& logits_V, int64_t top) {
  std::printf("{\"position\": %lld, \"id\": %d, \"%s\": [", static_cast<long long>(position), id,
              top > 0 ? "top" : "logits");
  const char* comma = "";
  if (top == 0)
    for (const float logit : logits_V) std::printf("%s%.9g", std::exchange(comma, ", "), logit);
  const double normalizer = top > 0 ? LogSumExp(logits_V) : 0;
  for (const int32_t likely : top > 0 ? TopIds(logits_V, top) : std::vector<int32_t>())
    std::printf("%s{\"id\": %d, \"logit\": %.9g, \"logprob\": %.9g}", std::exchange(comma, ", "),
                likely, logits_V[likely], logits_V[likely] - normalizer);
  std::puts("]}");
}

void PrintTable(int64_t position, int32_t id, const std::vector<float>& logits_V, int64_t top) {
  const double normalizer = LogSumExp(logits_V);
  std::printf("position %lld, after id %d\n      id      logit  probability\n",
              static_cast<long long>(position), id);
  for (const int32_t likely : TopIds(logits_V, top > 0 ? top : kTableRows))
    std::printf("%8d %10.5f %12.6f\n", likely, logits_V[likely],
                std::exp(logits_V[likely] - normalizer));
}

// Ends early behind an end token.
void PrintGreedy(Reader& reader, const ModelConfig& config, const LogitsFlags& flags,
                 const std::vector<float>* logits_V) {
  std::printf(flags.json ? "{\"greedy\": [" : "greedy ");
  for (int64_t n = 0; n < flags.greedy; ++n) {
    const int32_t next = TopIds(*logits_V, 1).front();
    std::printf("%s%d", n == 0 ? "" : flags.json ? ", " : " ", next);
    if (config.IsEos(next) || n + 1 == flags.greedy) break;
    logits_V = &reader.Read({&next, 1});
  }
  std::puts(flags.json ? "]}" : "");
}

// What is asked for, once the flags are known to make sense together with the model.
struct Request {
  std::vector<int32_t> ids;
  std::shared_ptr<const Weights> weights;
  int64_t length = 0;  // of the ids and the greedy tokens that are read
};

Request Prepare(const LogitsFlags& flags) {
  Request request{.ids = ParseIds(flags.ids), .weights = LoadHfWeights(flags.model)};
  const ModelConfig& config = request.weights->config;
  for (const int32_t id : request.ids)
    Require(id >= 0 && id < config.vocab_size, "--ids: ", id,
            " is no token of the model, whose are 0 to ", config.vocab_size - 1);
  const auto given = static_cast<int64_t>(request.ids.size());
  const int64_t most = config.max_positions - given,
                further = std::max<int64_t>(0, flags.greedy - 1);
  Require(further <= most, "--ids has ", given, " tokens and --greedy reads ", further,
          " more, but the model has ", config.max_positions, " positions");
  request.length = given + further;
  return request;
}

void Print(const LogitsFlags& flags, const Request& request) {
  const auto& [ids, weights, all_tokens] = request;
  const auto length = static_cast<int64_t>(ids.size());
  Reader reader(weights, all_tokens);
  const bool only_last = flags.last || (flags.greedy > 0 && !flags.all);
  const std::vector<float>* logits_V = nullptr;
  for (int64_t begin = 0; begin < length;) {
    const int64_t count = only_last ? length : 1;
    logits_V = &reader.Read(std::span(ids).subspan(begin, count));
    begin += count;
    if (flags.greedy > 0 && !flags.last && !flags.all) continue;
    (flags.json ? PrintJson : PrintTable)(reader.position(), ids[begin - 1], *logits_V, flags.top);
  }
  if (flags.greedy > 0) PrintGreedy(reader, weights->config, flags, logits_V);
}

}  // namespace

int LogitsMain(int argc, char** argv) {
  LogitsFlags flags;
  CLI::App app(kDescription, "r1zero logits");
  AddFlags(app, flags);
  app.footer(kExamples);
  if (const int status = ParseCommandLine(app, argc, argv); status >= 0) return status;
  Request request;
  const int usable = Guarded("logits", kBadConfig, [&] {
    kernels::RequireSimd();
    request = Prepare(flags);
    return kSuccess;
  });
  if (usable != kSuccess) return usable;
  return Guarded("logits", kFailed, [&] {
    Print(flags, request);
    return kSuccess;
  });
}

}  // namespace r1zero
