#include "grpo/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <random>
#include <thread>

#include "common/file.h"
#include "tests/grpo/fakes.h"

namespace r1zero {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Checkpoint At(int64_t step) {
  FakeLearner learner(static_cast<uint64_t>(step));
  Checkpoint checkpoint;
  checkpoint.progress = {.step = step,
                         .next_ordinal = 16 * step,
                         .policy_version = step,
                         .tokens_prompted = 11,
                         .tokens_generated = 22,
                         .tokens_trained = 33,
                         .seconds_rollout = 0.1,
                         .seconds_training = 0.2,
                         .seconds_evaluation = 0.3};
  checkpoint.learner = learner.State();
  for (size_t i = 0; i < checkpoint.learner.adam_m.size(); ++i)
    checkpoint.learner.adam_m[i] = static_cast<float>(step) + 0.1f * static_cast<float>(i);
  checkpoint.learner.optimizer_step = 2 * step;
  checkpoint.learner.reference_version = step - 1;
  checkpoint.weights = learner.Snapshot(step);
  checkpoint.config_sha256 = "abc";
  return checkpoint;
}

class Checkpoints : public ::testing::Test {
 protected:
  void Save(int64_t step, int64_t keep = 3) {
    SaveCheckpoint(folder_.path(), ViewOf(At(step)), TinyTokenizer(), keep);
  }
  int64_t LoadedStep() {
    damaged_.clear();
    const auto loaded = LoadLatestCheckpoint(
        folder_.path(), [&](const std::string& why) { damaged_.push_back(why); });
    return loaded ? loaded->progress.step : -1;
  }
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_.path()))
      names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }
  std::vector<fs::path> FilesOf(const fs::path& checkpoint) const {
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(checkpoint))
      if (entry.is_regular_file()) files.push_back(entry.path());
    return files;
  }
  static void Undamaged(const std::string& why) { ADD_FAILURE() << why; }
  TestFolder folder_;
  std::vector<std::string> damaged_;  // of the last LoadedStep
};

TEST_F(Checkpoints, GiveBackEverythingThatWasSaved) {
  Checkpoint saved = At(7);
  saved.learner.reference = saved.weights->flat;
  SaveCheckpoint(folder_.path(), ViewOf(saved), TinyTokenizer(), 2);
  const auto loaded = LoadLatestCheckpoint(folder_.path(), Undamaged);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->progress.step, 7);
  EXPECT_EQ(loaded->progress.next_ordinal, 112);
  EXPECT_EQ(loaded->progress.tokens_prompted, 11);
  EXPECT_EQ(loaded->progress.tokens_generated, 22);
  EXPECT_EQ(loaded->progress.tokens_trained, 33);
  EXPECT_EQ(loaded->progress.seconds_rollout, 0.1);
  EXPECT_EQ(loaded->progress.seconds_training, 0.2);
  EXPECT_EQ(loaded->progress.seconds_evaluation, 0.3);
  EXPECT_EQ(loaded->learner.optimizer_step, 14);
  EXPECT_EQ(loaded->learner.reference_version, 6);
  EXPECT_EQ(loaded->learner.adam_m, saved.learner.adam_m);
  EXPECT_EQ(loaded->learner.adam_v, saved.learner.adam_v);
  EXPECT_EQ(loaded->learner.reference, saved.learner.reference);
  EXPECT_EQ(loaded->weights->flat, saved.weights->flat);
  EXPECT_EQ(loaded->weights->version, 7);
  EXPECT_EQ(loaded->config_sha256, "abc");
}

TEST_F(Checkpoints, AreNoneInAnEmptyOrMissingFolder) {
  EXPECT_FALSE(LoadLatestCheckpoint(folder_.path(), Undamaged));
  EXPECT_FALSE(LoadLatestCheckpoint(folder_.path() / "none", Undamaged));
}

TEST_F(Checkpoints, KeepTheNewestAndPointToTheLatest) {
  for (int64_t step : {20, 40, 60, 80}) Save(step, 3);
  EXPECT_THAT(Names(), ElementsAre("LATEST", "step-000040", "step-000060", "step-000080"));
  EXPECT_EQ(ReadFile(folder_.path() / "LATEST"), "step-000080\n");
  Save(100, 1);  // at least two
  EXPECT_THAT(Names(), ElementsAre("LATEST", "step-000080", "step-000100"));
}

TEST_F(Checkpoints, FallBackToTheOneBeforeWhateverFileIsGarbledCutOrMissing) {
  const std::vector<std::function<void(const fs::path&)>> harms = {
      [](const fs::path& file) { fs::remove(file); },
      [](const fs::path& file) { fs::resize_file(file, fs::file_size(file) / 2); },
      [](const fs::path& file) {
        std::string content = ReadFile(file);
        content[content.size() / 2] = static_cast<char>(content[content.size() / 2] ^ 1);
        std::ofstream(file) << content;
      },
      [](const fs::path& file) { std::ofstream(file) << "{}"; },
  };
  Save(20);
  Save(40);
  const fs::path newest = folder_.path() / "step-000040";
  const TestFolder aside;
  fs::copy(newest, aside.path(), fs::copy_options::recursive);
  const auto files = FilesOf(newest);
  EXPECT_EQ(files.size(), 8u);
  for (const fs::path& file : files)
    for (size_t harm = 0; harm < harms.size(); ++harm) {
      fs::remove_all(newest);
      fs::copy(aside.path(), newest, fs::copy_options::recursive);
      ASSERT_EQ(LoadedStep(), 40);
      harms[harm](file);
      EXPECT_EQ(LoadedStep(), 20) << file << ", harm " << harm;
      EXPECT_THAT(damaged_, ElementsAre(HasSubstr("step-000040 is damaged")));
    }
}

// A crash can stop a save between any two of its changes to the disk. Here each of them is left out
// in turn: what a save of step 40 leaves in its unfinished folder, whole or in part, and the steps
// after.
TEST_F(Checkpoints, SurviveACrashAtAnyPointOfASave) {
  Save(40);
  const fs::path whole = folder_.path() / "step-000040";
  const auto files = FilesOf(whole);
  TestFolder aside;
  const fs::path copy = aside.path() / "copy";
  fs::copy(whole, copy, fs::copy_options::recursive);
  for (size_t written = 0; written <= files.size(); ++written) {
    fs::remove_all(folder_.path());
    fs::create_directories(folder_.path());
    Save(20);
    const fs::path unfinished = folder_.path() / ".saving-step-000040";
    fs::create_directories(unfinished / "state");
    for (size_t i = 0; i < written; ++i) {
      const fs::path name = files[i].lexically_relative(whole);
      fs::copy(copy / name, unfinished / name);
    }
    EXPECT_EQ(LoadedStep(), 20);
    EXPECT_THAT(Names(), ElementsAre("LATEST", "step-000020"));  // the leftovers are gone
    Save(40);
    EXPECT_EQ(LoadedStep(), 40);
  }
}

// Saves without end, writing each saved step to `acknowledged`, until it is killed.
[[noreturn]] void SaveUntilKilled(const fs::path& folder, int64_t first, int acknowledged) {
  for (int64_t step = first;; ++step) {
    SaveCheckpoint(folder, ViewOf(At(step)), TinyTokenizer(), 2);
    if (write(acknowledged, &step, sizeof step) != sizeof step) _exit(1);
  }
}

TEST_F(Checkpoints, KeepWhatWasSavedWhenTheProcessIsKilledAtAnyMoment) {
  std::mt19937 random(3);
  int64_t saved = 0;
  for (int life = 0; life < 12; ++life) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const auto start = std::chrono::steady_clock::now();
    const pid_t child = fork();
    if (child == 0) SaveUntilKilled(folder_.path(), saved + 1, ends[1]);
    close(ends[1]);
    ASSERT_EQ(read(ends[0], &saved, sizeof saved), static_cast<ssize_t>(sizeof saved));
    const auto one_save = std::chrono::steady_clock::now() - start;
    std::this_thread::sleep_for(one_save * (random() % 150) / 100);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    for (int64_t step; read(ends[0], &step, sizeof step) == sizeof step;) saved = step;
    close(ends[0]);
    const int64_t loaded = LoadedStep();
    ASSERT_GE(loaded, saved);
    ASSERT_LE(loaded, saved + 1);  // saved, but killed before it could say so
    saved = loaded;
  }
}

TEST_F(Checkpoints, CountOnceRenamedEvenIfLatestStillNamesTheOldOne) {
  Save(20);
  Save(40);
  for (const char* latest : {"step-000020\n", "garbage", ""}) {
    WriteFileDurably(folder_.path() / "LATEST", latest);
    EXPECT_EQ(LoadedStep(), 40);
  }
  fs::remove(folder_.path() / "LATEST");
  EXPECT_EQ(LoadedStep(), 40);
}

TEST_F(Checkpoints, OfTheSameStepReplaceADamagedOneAndKeepAWholeOne) {
  Save(20);
  fs::remove(folder_.path() / "step-000020" / "model.safetensors");
  Save(20);
  EXPECT_EQ(LoadedStep(), 20);
  const auto written = fs::last_write_time(folder_.path() / "step-000020" / "manifest.json");
  Save(20);
  EXPECT_EQ(fs::last_write_time(folder_.path() / "step-000020" / "manifest.json"), written);
}

}  // namespace
}  // namespace r1zero
