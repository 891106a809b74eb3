#include "grpo/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "grpo/chart.h"
#include "grpo/report_text.h"
#include "tests/grpo/fakes.h"

namespace r1zero {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// Every tag that is opened is closed, in order; void elements and self-closed ones aside.
void ExpectBalanced(const std::string& html) {
  std::vector<std::string> open;
  for (size_t at = html.find('<'); at != html.npos; at = html.find('<', at + 1)) {
    const size_t end = html.find('>', at);
    ASSERT_NE(end, html.npos);
    std::string tag = html.substr(at + 1, end - at - 1);
    if (tag[0] == '!' || tag.back() == '/' || tag.starts_with("meta")) continue;
    const std::string name = tag.substr(tag[0] == '/', tag.find_first_of(" \n") - (tag[0] == '/'));
    if (tag[0] != '/') {
      open.push_back(name);
      continue;
    }
    ASSERT_FALSE(open.empty()) << tag;
    EXPECT_EQ(open.back(), name);
    open.pop_back();
  }
  EXPECT_THAT(open, IsEmpty());
}

TEST(Report, ShowsWhatIsThereAndEscapesWhatThePolicyWrote) {
  const TestFolder test;
  const RunFolder folder(test.path(), RunFolder::Mode::kNew);
  WriteFileDurably(folder.config(), "[run]\nname = \"<b>\"\n");
  WriteFileDurably(folder.metrics(),
                   R"({"step":0,"eval/pass@1":0.2,"eval/pass@1_low":0.1,"eval/pass@1_high":0.3}
{"step":1,"reward":0.5,"reward_std":0.2,"rewards/accuracy/mean":0.3}
{"step":2,"reward":0.6,"reward_std":0.2,"rewards/accuracy/mean":0.4}
)");
  WriteFileDurably(
      folder.samples(),
      R"({"ordinal":0,"prompt":"1+1=","before":[{"text":"<script>alert(1)</script>","reward":0,"parts":{"accuracy":0}}],"after":[{"text":"<think>wait</think><answer>2</answer>","reward":1.1,"parts":{"accuracy":1}}]})"
      "\n");
  WriteFileDurably(
      folder.groups(),
      R"({"ordinal":9,"prompt":"2+2=","step":2,"completions":[)"
      R"({"text":"4","tokens":2,"reward":1,"parts":{"accuracy":1},"advantage":0.7},)"
      R"({"text":"5","tokens":2,"reward":0,"parts":{"accuracy":null},"advantage":-0.7}]})"
      "\n");
  const std::string html = ReportHtml(folder);
  ExpectBalanced(html);
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;alert(1)"));
  EXPECT_THAT(html, HasSubstr("<span class=\"answer\">&lt;answer&gt;2&lt;/answer&gt;</span>"));
  EXPECT_THAT(html, HasSubstr("name = &quot;&lt;b&gt;&quot;"));
  EXPECT_THAT(html, HasSubstr("The groups of step 2"));
  EXPECT_THAT(html, HasSubstr("+0.70"));
  EXPECT_THAT(html, HasSubstr("Accuracy (pass@1)"));
  EXPECT_THAT(html, Not(HasSubstr("http")));  // nothing from elsewhere
}

TEST(Report, OfAnEmptyFolderIsAPage) {
  const TestFolder test;
  const std::string html = ReportHtml(RunFolder(test.path(), RunFolder::Mode::kNew));
  ExpectBalanced(html);
  EXPECT_THAT(html, HasSubstr("not finished yet"));
}

TEST(MarkUp, ColoursTagsThatAreNotClosedAndTagsThatWereNotOpened) {
  const std::vector<std::string> words = {"wait"};
  ExpectBalanced(MarkUp("<think>a<answer>b", words));
  ExpectBalanced(MarkUp("a</think></answer>b", words));
  EXPECT_EQ(MarkUp("a<b wait", words), "a&lt;b <span class=\"word\">wait</span>");
}

TEST(ChartHtml, PlacesPointsWithinThePlotWhateverTheirRange) {
  for (double scale : {1e-9, 1.0, 1e9})
    for (double offset : {0.0, -5.0}) {
      const std::string html =
          ChartHtml({"t", {{.name = "s", .x = {0, 1, 2}, .y = {offset, scale, scale / 2}}}});
      ExpectBalanced(html);
      EXPECT_THAT(html, Not(HasSubstr("nan")));
      EXPECT_THAT(html, Not(HasSubstr("inf")));
    }
  ExpectBalanced(ChartHtml({"one point", {{.name = "s", .x = {3}, .y = {0}, .is_sparse = true}}}));
  EXPECT_EQ(ChartHtml({"none", {{.name = "s"}}}), "");
}

}  // namespace
}  // namespace r1zero
