// r1zero sample from its command line to what it prints, on a tiny model.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "grpo/json_file.h"
#include "services/answer_painter.h"
#include "services/verbs.h"
#include "tests/services/eval_model.h"

namespace r1zero {
namespace {

using testing::HasSubstr;

class SampleVerb : public testing::Test {
 protected:
  SampleVerb() { SaveEvalModel(folder_ / "model"); }
  Ran Sample(std::vector<std::string> more) const {
    more.insert(more.end(), {"--model", (folder_ / "model").string(), "--max-tokens", "15"});
    return RunVerb(SampleMain, more);
  }
  std::vector<Json> Completions(std::vector<std::string> more) const {
    more.push_back("--json");
    std::vector<Json> completions;
    std::istringstream lines(Sample(more).out);
    for (std::string line; std::getline(lines, line);) completions.push_back(Json::parse(line));
    return completions;
  }
  const TestFolder folder_;
};

TEST_F(SampleVerb, StreamsTheTextThatItsJsonHas) {
  const auto one = Completions({"--prompt", "1+1="});
  ASSERT_EQ(one.size(), 1u);
  const Ran ran = Sample({"--prompt", "1+1="});
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.out, one[0].at("text").get<std::string>() + "\n");  // no colour: not a terminal
}

TEST_F(SampleVerb, ShowsManyOneAfterAnother) {
  const auto three = Completions({"--prompt", "1+1=", "--n", "3"});
  ASSERT_EQ(three.size(), 3u);
  std::string expected;
  for (int i = 0; i < 3; ++i)
    expected += "--- " + std::to_string(i + 1) + " of 3 ---\n" +
                three[i].at("text").get<std::string>() + "\n";
  EXPECT_EQ(Sample({"--prompt", "1+1=", "--n", "3"}).out, expected);
  EXPECT_NE(three[0].at("text"), three[1].at("text"));
  EXPECT_EQ(Completions({"--prompt", "1+1="})[0], three[0]);
  EXPECT_NE(Completions({"--prompt", "1+1=", "--seed", "9"})[0].at("text"), three[0].at("text"));
}

TEST_F(SampleVerb, GivesALogprobForEachToken) {
  const Json one = Completions({"--prompt", "1+1=", "--logprobs"})[0];
  ASSERT_EQ(one.at("logprobs").size(), one.at("tokens").size());
  for (const Json& token : one.at("logprobs")) EXPECT_LT(token.at("logprob"), 0);
  const std::string table = Sample({"--prompt", "1+1=", "--logprobs"}).out;
  EXPECT_THAT(table, HasSubstr("logprob  probability\n"));
  EXPECT_EQ(std::ranges::count(table, '\n'), static_cast<long>(2 + one.at("tokens").size()));
}

TEST_F(SampleVerb, SamplesUnderTheStorageThatItIsTold) {
  const auto logprobs = [&](std::vector<std::string> more) {
    more.insert(more.end(), {"--prompt", "1+1=", "--logprobs"});
    return Completions(more)[0].at("logprobs");
  };
  EXPECT_NE(logprobs({"--storage", "bfloat16"}), logprobs({}));
  EXPECT_EQ(logprobs({"--storage", "float32"}), logprobs({}));
  EXPECT_EQ(Sample({"--prompt", "1", "--storage", "half"}).status, 2);
}

TEST_F(SampleVerb, RefusesWhatCannotBeSampled) {
  const auto status = [&](std::vector<std::string> more) { return Sample(std::move(more)).status; };
  EXPECT_EQ(status({"--prompt", ""}), 2);
  EXPECT_EQ(status({"--prompt", "1", "--n", "0"}), 2);
  EXPECT_EQ(status({"--prompt", "1", "--style", "x"}), 2);
  EXPECT_EQ(status({"--prompt", "1", "--nonsense"}), 2);
  EXPECT_EQ(RunVerb(SampleMain, {"--model", (folder_ / "none").string()}).status, 2);
  const Ran long_prompt = Sample({"--prompt", std::string(kTestContext, '1')});
  EXPECT_EQ(long_prompt.status, 2);
  EXPECT_THAT(long_prompt.err, HasSubstr("--prompt: "));
  EXPECT_THAT(long_prompt.err, HasSubstr("leaves no room in the model's context of 48"));
  EXPECT_EQ(long_prompt.out, "");
}

TEST(AnswerPainter, DimsTheReasoningAndBrightensTheAnswerHoweverTheTextIsCut) {
  const std::string text = "so <think>a < b</think> then <answer>18</answer> <thin";
  const std::string painted =
      "so \x1b[0;2m<think>a < b</think>\x1b[0m then \x1b[0;1m<answer>18</answer>\x1b[0m "
      "<thin\x1b[0m";
  for (size_t size = 1; size <= text.size(); ++size) {
    AnswerPainter painter(true, false);
    std::string out;
    for (size_t at = 0; at < text.size(); at += size) out += painter.Feed(text.substr(at, size));
    EXPECT_EQ(out + painter.Finish(), painted) << size;
  }
  AnswerPainter plain(false, true);
  EXPECT_EQ(plain.Feed(text) + plain.Finish(), text);
}

TEST(AnswerPainter, StartsDimmedWhereThePromptOpenedTheReasoning) {
  AnswerPainter painter(true, EndsInsideThink("Assistant: <think>\n"));
  std::string out = painter.Feed("a");
  out += painter.Feed("</think>b");
  out += painter.Finish();
  EXPECT_EQ(out, "\x1b[0;2ma</think>\x1b[0mb\x1b[0m");
  EXPECT_FALSE(EndsInsideThink("<think></think>"));
  EXPECT_FALSE(EndsInsideThink(""));
}

TEST(Visible, NothingThatAModelWritesSteersTheTerminal) {
  EXPECT_EQ(Visible("\x1b[2J\r\a\x7f"), "\u241b[2J\u240d\u2407\u2421");
  EXPECT_EQ(Visible("a\n\tb \u00e9\u00a0\u4f60"), "a\n\tb \u00e9\u00a0\u4f60");
  EXPECT_EQ(Visible("\xc2\x9b"
                    "2J"),
            "\ufffd"
            "2J");
}

}  // namespace
}  // namespace r1zero
