#include "tasks/signs_corpus.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/tasks/oracle.h"

namespace r1zero {
namespace {

using oracle::IsDigit;

// The text without its results and claims ("=12", ":-7"): expressions between words and tags.
std::string WithoutResults(const std::string& text) {
  std::string kept;
  for (size_t i = 0; i < text.size();) {
    if (text[i] != '=' && text[i] != ':') {
      kept += text[i++];
      continue;
    }
    if (text[++i] == '-') ++i;
    while (i < text.size() && IsDigit(text[i])) ++i;
  }
  return kept;
}

// Every expression in the text: "6+6+8-8".
std::vector<std::string> Expressions(const std::string& text) {
  std::vector<std::string> found(1);
  for (char c : WithoutResults(text)) {
    if (IsDigit(c) || c == '+' || c == '-')
      found.back() += c;
    else if (!found.back().empty())
      found.emplace_back();
  }
  if (found.back().empty()) found.pop_back();
  return found;
}

int64_t Evaluate(const std::string& expression) {
  int64_t value = expression[0] - '0';
  for (size_t i = 1; i + 1 < expression.size(); i += 2)
    value += (expression[i] == '+' ? 1 : -1) * (expression[i + 1] - '0');
  return value;
}

enum Style { kDrill, kDirect, kBare, kThink, kRamble };

Style StyleOf(const Document& document) {
  if (document.question.empty()) return kDrill;
  if (document.text.starts_with("<answer>")) return kDirect;
  if (!document.text.starts_with("<think>")) return kBare;
  return document.text.find("</think>") == std::string::npos ? kRamble : kThink;
}

bool AnsweredRightly(const Document& document) {
  const std::string answer = oracle::Between(document.text, "<answer>", "</answer>");
  return !answer.empty() && Evaluate(answer) == oracle::Numbers(document.question).back();
}

std::vector<Document> Documents(int count, const CorpusMix& mix = {}, uint64_t seed = 5) {
  std::vector<Document> documents;
  for (int i = 0; i < count; ++i) {
    RandomStream rng(seed, RandomPurpose::kCorpus, i);
    documents.push_back(WriteSignsDocument(rng, mix));
  }
  return documents;
}

// Four standard errors of a share measured on `count` documents.
double Tolerance(double share, int64_t count) {
  return 4 * std::sqrt(share * (1 - share) / double(count));
}

TEST(SignsCorpus, AWorkedSumIsARunningSum) {
  RandomStream rng(1, RandomPurpose::kCorpus);
  const Attempt attempt = WorkOut(rng, {6, 7, 8, 8}, 5, /*slip=*/0);
  EXPECT_EQ(attempt.worked, "6-7=-1+8=7-8=-1");
  EXPECT_EQ(attempt.answer, "6-7+8-8");
  EXPECT_EQ(attempt.result, -1);
}

TEST(SignsCorpus, ASlipIsCarriedOn) {
  for (int i = 0; i < 50; ++i) {
    RandomStream rng(i, RandomPurpose::kCorpus);
    const Attempt attempt = WorkOut(rng, {5, 5, 5, 5}, 0, /*slip=*/1);
    std::string running = "5";
    int64_t before = 5;
    for (size_t at = attempt.worked.find('='); at != std::string::npos;
         at = attempt.worked.find('=', at + 1)) {
      const int64_t written = std::stoll(attempt.worked.substr(at + 1));
      const int64_t off = std::abs(written - (before + 5));
      EXPECT_TRUE(off == 1 || off == 2 || off == 10) << attempt.worked;
      before = written;
    }
    EXPECT_EQ(attempt.result, before);
  }
}

TEST(SignsCorpus, NoHeldOutRowAppearsInFiftyThousandDocuments) {
  int64_t expressions = 0;
  for (const Document& document : Documents(50000)) {
    std::vector<std::string> rows = Expressions(document.text);
    ASSERT_FALSE(rows.empty()) << document.text;
    expressions += static_cast<int64_t>(rows.size());
    if (!document.question.empty())
      rows.push_back(document.question.substr(0, document.question.find('=')));
    for (const std::string& row : rows) {
      const auto digits = oracle::Numbers(row);
      ASSERT_EQ(row.size(), 7u) << document.text;
      ASSERT_EQ(digits.size(), 4u) << document.text;
      ASSERT_FALSE(oracle::RowIsHeldOut(digits, false)) << document.question << document.text;
    }
  }
  EXPECT_GT(expressions, 100000);
}

TEST(SignsCorpus, TriesAreOfTheQuestionAskedAndTheLastIsTheAnswer) {
  for (const Document& document : Documents(5000)) {
    if (document.question.empty()) continue;
    auto digits = oracle::Numbers(document.question);
    digits.pop_back();
    const auto expressions = Expressions(document.text);
    for (const std::string& expression : expressions)
      ASSERT_EQ(oracle::Numbers(expression), digits) << document.question << document.text;
    if (StyleOf(document) != kThink) continue;
    ASSERT_EQ(expressions.back(), expressions[expressions.size() - 2]) << document.text;
  }
}

TEST(SignsCorpus, StylesHaveTheirShares) {
  constexpr int kCount = 40000;
  const CorpusMix mix;
  std::array<double, 5> seen{};
  for (const Document& document : Documents(kCount)) ++seen[StyleOf(document)];
  const double asked = kCount - seen[kDrill];
  EXPECT_NEAR(seen[kDrill] / kCount, mix.drill, Tolerance(mix.drill, kCount));
  EXPECT_NEAR(seen[kDirect] / asked, mix.direct, Tolerance(mix.direct, 28000));
  EXPECT_NEAR(seen[kBare] / asked, mix.bare, Tolerance(mix.bare, 28000));
  EXPECT_NEAR(seen[kThink] / asked, mix.think, Tolerance(mix.think, 28000));
  EXPECT_NEAR(seen[kRamble] / asked, mix.ramble, Tolerance(mix.ramble, 28000));
}

// The prototype of the recipe, run on 42,000 questions of its own: 25.6% answered rightly (27% was
// its first estimate, on 4,000), 42.0% of those that think, 1.86 tries each, 21.6 tokens with
// <eos>.
TEST(SignsCorpus, AnswersAreRightAndLongAsOftenAsThePrototypes) {
  const auto vocabulary = MakeTask({})->Vocabulary();
  const std::set<std::string, std::less<>> words(vocabulary.begin(), vocabulary.end());
  double questions = 0, right = 0, thinks = 0, thinks_right = 0, tries = 0, tokens = 0;
  for (const Document& document : Documents(40000)) {
    const int length = oracle::CountTokens(document.text, words);
    ASSERT_GT(length, 0) << document.text;
    if (document.question.empty()) {
      ASSERT_EQ(length, 39);
      continue;
    }
    ++questions;
    right += AnsweredRightly(document);
    tokens += length + 1;
    if (StyleOf(document) != kThink) continue;
    ++thinks;
    thinks_right += AnsweredRightly(document);
    tries += oracle::Occurrences(document.text, ":");
  }
  EXPECT_NEAR(right / questions, 0.256, 0.012);
  EXPECT_NEAR(thinks_right / thinks, 0.420, 0.018);
  EXPECT_NEAR(tries / thinks, 1.863, 0.05);
  EXPECT_NEAR(tokens / questions, 21.57, 0.5);
}

TEST(SignsCorpus, DrillsAreCleanAndTickedHonestly) {
  int lines = 0, ok = 0;
  for (const Document& document : Documents(3000, {.drill = 1})) {
    EXPECT_TRUE(document.question.empty());
    std::string rest = document.text;
    for (const std::string& expression : Expressions(document.text)) {
      const size_t colon = rest.find(':');
      const int64_t result = std::stoll(rest.substr(rest.rfind('=', colon) + 1));
      const int64_t claim = std::stoll(rest.substr(colon + 1));
      EXPECT_EQ(result, Evaluate(expression));
      const size_t word = rest.find_first_of("ow", colon);
      EXPECT_EQ(rest[word], claim == result ? 'o' : 'w') << document.text;
      rest = rest.substr(word + (rest[word] == 'o' ? 2 : 4));
      ++lines;
      ok += claim == result;
    }
    EXPECT_EQ(rest, "");
  }
  EXPECT_EQ(lines, 9000);
  EXPECT_NEAR(ok / double(lines), 0.5, Tolerance(0.5, lines));
}

TEST(SignsCorpus, SystematicWritersTryNothingTwice) {
  const CorpusMix mix = {.drill = 0,
                         .direct = 0,
                         .bare = 0,
                         .think = 1,
                         .ramble = 0,
                         .systematic = 1,
                         .give_up = 0,
                         .give_up_patient = 0};
  int longest = 0;
  for (const Document& document : Documents(500, mix)) {
    auto tries = Expressions(document.text);
    tries.pop_back();  // the answer
    EXPECT_EQ(std::set<std::string>(tries.begin(), tries.end()).size(), tries.size());
    longest = std::max(longest, static_cast<int>(tries.size()));
  }
  EXPECT_EQ(longest, 8);
}

TEST(SignsCorpus, OrderlyWritersCountThroughThePatterns) {
  const CorpusMix mix = {.drill = 0,
                         .direct = 0,
                         .bare = 0,
                         .think = 1,
                         .ramble = 0,
                         .systematic = 0,
                         .in_order = 1,
                         .give_up = 0,
                         .give_up_patient = 0};
  for (const Document& document : Documents(200, mix)) {
    const auto row = oracle::Numbers(document.question);
    auto tries = Expressions(document.text);
    tries.pop_back();
    for (size_t i = 0; i < tries.size(); ++i)
      EXPECT_EQ(tries[i], SignsExpression({row[0], row[1], row[2], row[3]}, static_cast<int>(i)));
  }
}

TEST(SignsCorpus, WritersGoOnPastAllPatternsIfAllowed) {
  const CorpusMix mix = {.drill = 0,
                         .direct = 0,
                         .bare = 0,
                         .think = 0,
                         .ramble = 1,
                         .systematic = 1,
                         .miss = 1,
                         .max_tries = 20};
  for (const Document& document : Documents(20, mix))
    EXPECT_EQ(oracle::Occurrences(document.text, ":"), 20);
}

TEST(SignsCorpus, ProbesAskForOneTokenThatIsRight) {
  const auto task = MakeTask({});
  const auto vocabulary = task->Vocabulary();
  const std::set<std::string, std::less<>> words(vocabulary.begin(), vocabulary.end());
  const auto probes = task->Probes();
  ASSERT_EQ(probes.size(), 3u);
  EXPECT_EQ(probes[0].name, "sums");
  EXPECT_EQ(probes[0].measure, ReadinessProbe::Measure::kArgmaxAccuracy);
  EXPECT_EQ(probes[0].min, 0.99);
  EXPECT_EQ(probes[0].items.size(), 600u);
  for (const auto& [context, next] : probes[0].items) {
    EXPECT_TRUE(words.contains(next)) << next;
    const std::string tried = context.substr(context.find("<think>") + 7) + "0";
    EXPECT_EQ(std::stoll(next), Evaluate(Expressions(tried).back())) << context;
  }
  EXPECT_EQ(probes[1].name, "ok_given_hit");
  EXPECT_EQ(probes[1].min, 0.9);
  EXPECT_EQ(probes[2].name, "ok_given_miss");
  EXPECT_EQ(probes[2].max, 0.05);
  for (const bool hit : {true, false}) {
    const auto& items = probes[hit ? 1 : 2].items;
    EXPECT_EQ(items.size(), 100u);
    for (const auto& [context, next] : items) {
      EXPECT_EQ(next, "ok");
      EXPECT_EQ(std::stoll(context.substr(context.rfind(':') + 1)) ==
                    std::stoll(context.substr(context.rfind('=') + 1)),
                hit);
      auto row = oracle::Numbers(context.substr(0, context.find('=')));
      EXPECT_FALSE(oracle::RowIsHeldOut(row, false));
    }
  }
}

}  // namespace
}  // namespace r1zero
