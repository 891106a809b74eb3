#include "common/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <thread>
#include <vector>

#include "common/error.h"
#include "common/file.h"

namespace r1zero {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

std::vector<std::string> Lines(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

class Log : public testing::Test {
 protected:
  Log()
      : path_(std::filesystem::path(testing::TempDir()) /
              ("log_test_" + std::to_string(getpid()))) {
    std::filesystem::remove(path_);
    LogToFile(path_);
  }
  ~Log() override {
    SetLogLevel(LogLevel::kInfo);
    LogToFile("/dev/null");
    std::filesystem::remove(path_);
  }
  std::vector<std::string> Written() const { return Lines(ReadFile(path_)); }

  std::filesystem::path path_;
};

TEST_F(Log, LinesHaveUtcTimeProcessLevelAndText) {
  SetLogName("worker-0");
  LogWarning("lost ", 3, " of ", 4.5);
  ASSERT_EQ(Written().size(), 1u);
  EXPECT_THAT(Written()[0],
              MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z "
                           "worker-0 WARN  lost 3 of 4\\.5"));
}

TEST_F(Log, LinesBelowTheLevelAreDropped) {
  LogLine(LogLevel::kDebug, "hidden");
  SetLogLevel(LogLevel::kError);
  LogInfo("hidden too");
  LogError("shown");
  ASSERT_EQ(Written().size(), 1u);
  EXPECT_THAT(Written()[0], HasSubstr("ERROR shown"));
}

TEST_F(Log, ACallIsOneLineWhateverTheText) {
  LogInfo("first\nsecond\r\x1b[31m");
  ASSERT_EQ(Written().size(), 1u);
  EXPECT_THAT(Written()[0], HasSubstr("first\\nsecond\\x0d\\x1b[31m"));
}

TEST_F(Log, LinesOfManyThreadsStayWhole) {
  const std::string body(300, 'x');
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) LogInfo("begin ", t, " ", body, " end");
    });
  for (auto& thread : threads) thread.join();
  const auto lines = Written();
  EXPECT_EQ(lines.size(), 800u);
  for (const auto& line : lines) EXPECT_THAT(line, MatchesRegex(".* begin [0-3] x{300} end"));
}

TEST_F(Log, AFileThatCannotBeOpenedIsAnErrorWithItsPath) {
  try {
    LogToFile("/no/such/folder/x.log");
    FAIL() << "expected an Error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(),
                HasSubstr("/no/such/folder/x.log: cannot be opened for logging: No such"));
  }
}

}  // namespace
}  // namespace r1zero
