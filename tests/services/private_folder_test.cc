#include "services/private_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <cstdlib>
#include <fstream>

#include "common/error.h"
#include "tests/services/test_ring.h"

namespace r1zero {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using ::testing::ThrowsMessage;

// TMPDIR is a folder of the test.
class PrivateFolderTest : public ::testing::Test {
 protected:
  PrivateFolderTest() { SetTmpdir(folder_.path()); }
  ~PrivateFolderTest() override { before_ ? SetTmpdir(*before_) : void(unsetenv("TMPDIR")); }

  static void SetTmpdir(const fs::path& path) { setenv("TMPDIR", path.c_str(), 1); }
  std::vector<fs::path> Folders() const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(folder_.path())) found.push_back(entry.path());
    return found;
  }
  // Makes one in a process that is killed.
  void LeaveOneBehind() const {
    const pid_t pid = fork();
    if (pid == 0) {
      const PrivateFolder folder;
      std::ofstream(folder.path() / "learner") << "socket";
      raise(SIGKILL);
    }
    waitpid(pid, nullptr, 0);
  }

  const std::optional<std::string> before_ =
      std::getenv("TMPDIR") ? std::optional<std::string>(std::getenv("TMPDIR")) : std::nullopt;
  TestFolder folder_;
};

TEST_F(PrivateFolderTest, CanBeEnteredByItsOwnerAloneAndGoesWithEverythingInIt) {
  {
    const PrivateFolder folder;
    EXPECT_EQ(fs::status(folder.path()).permissions(), fs::perms::owner_all);
    EXPECT_EQ(folder.Socket("learner"), "unix:" + (folder.path() / "learner").string());
    std::ofstream(folder.path() / "learner") << "socket";
  }
  EXPECT_THAT(Folders(), IsEmpty());
}

TEST_F(PrivateFolderTest, RemovesThoseWhoseOwnerWasKilled) {
  LeaveOneBehind();
  ASSERT_EQ(Folders().size(), 1u);
  const PrivateFolder folder;
  EXPECT_EQ(Folders(), std::vector{folder.path()});
}

TEST_F(PrivateFolderTest, LeavesThoseWhoseOwnerLivesAndWhatIsNotOurs) {
  const PrivateFolder living;
  std::vector<fs::path> others = {"r1zero-nolock", "r1zero-longer-name", "r1zero-shared",
                                  "other-abcdef"};
  for (const fs::path& name : others) fs::create_directory(folder_.path() / name);
  for (const char* name : {"r1zero-longer-name", "r1zero-shared", "other-abcdef"})
    std::ofstream(folder_.path() / name / "owner") << "";
  fs::permissions(folder_.path() / "r1zero-shared", fs::perms::others_read, fs::perm_options::add);
  fs::create_directory_symlink(folder_.path() / "other-abcdef", folder_.path() / "r1zero-linked");
  const PrivateFolder next;
  EXPECT_EQ(Folders().size(), others.size() + 3);
  EXPECT_TRUE(fs::exists(living.path()));
  EXPECT_TRUE(fs::exists(folder_.path() / "other-abcdef" / "owner"));
}

TEST_F(PrivateFolderTest, NamesTmpdirWhereItIsNoFolder) {
  SetTmpdir(folder_.path() / "missing");
  EXPECT_THAT([] { PrivateFolder folder; },
              ThrowsMessage<Error>(
                  AllOf(StartsWith("TMPDIR is '"), HasSubstr("missing', which is not a folder"))));
}

TEST_F(PrivateFolderTest, NamesTmpdirWhereASocketWouldHaveTooLongAPath) {
  const fs::path longer = folder_.path() / std::string(100, 'x');
  fs::create_directory(longer);
  SetTmpdir(longer);
  EXPECT_THAT([] { PrivateFolder().Socket("learner"); },
              ThrowsMessage<Error>(
                  AllOf(StartsWith("TMPDIR is too long: "), HasSubstr("the system takes 107"))));
  EXPECT_TRUE(fs::is_empty(longer));
}

}  // namespace
}  // namespace r1zero
