// Byte-level BPE on one thread: bytes a second on real English text, and how long a file takes to load.
//
// R1ZERO_BENCH_TOKENIZER names a tokenizer.json and R1ZERO_BENCH_TEXT a text, one line a document;
// bench/peers/tokenizers_peer.py runs this beside Hugging Face's tokenizers.
#include "policy/tokenizer.h"

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <sstream>

#include "common/file.h"

namespace r1zero {
namespace {

std::string ReadNamed(const char* variable) {
  const char* const path = std::getenv(variable);
  return path ? ReadFile(path) : "";
}

struct Input {
  std::string json = ReadNamed("R1ZERO_BENCH_TOKENIZER");
  std::string text = ReadNamed("R1ZERO_BENCH_TEXT");
};

const Input& TheInput() {
  static const Input input;
  return input;
}

bool SkipWithout(benchmark::State& state, const std::string& what) {
  if (what.empty()) state.SkipWithError("set R1ZERO_BENCH_TOKENIZER and R1ZERO_BENCH_TEXT");
  return what.empty();
}

void BM_Load(benchmark::State& state) {
  if (SkipWithout(state, TheInput().json)) return;
  for (auto _ : state) benchmark::DoNotOptimize(MakeTokenizer(TheInput().json, "tokenizer.json"));
}
BENCHMARK(BM_Load)->Unit(benchmark::kMillisecond);

void BM_Encode(benchmark::State& state) {
  if (SkipWithout(state, TheInput().text)) return;
  const auto tokenizer = MakeTokenizer(TheInput().json, "tokenizer.json");
  std::vector<std::string> documents;
  std::istringstream lines(TheInput().text);
  for (std::string line; std::getline(lines, line);) documents.push_back(line);
  int64_t tokens = 0;
  for (auto _ : state) {
    tokens = 0;
    for (const std::string& document : documents)
      tokens += static_cast<int64_t>(tokenizer->Encode(document).size());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(TheInput().text.size()));
  state.counters["tokens"] = static_cast<double>(tokens);
}
BENCHMARK(BM_Encode)->Unit(benchmark::kMillisecond);

void BM_Decode(benchmark::State& state) {
  if (SkipWithout(state, TheInput().text)) return;
  const auto tokenizer = MakeTokenizer(TheInput().json, "tokenizer.json");
  const std::vector<int32_t> tokens = tokenizer->Encode(TheInput().text);
  for (auto _ : state) benchmark::DoNotOptimize(tokenizer->Decode(tokens));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(TheInput().text.size()));
}
BENCHMARK(BM_Decode)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace r1zero
