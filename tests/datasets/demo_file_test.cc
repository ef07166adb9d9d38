#include "datasets/demo_file.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <span>
#include <thread>

#include "base/error.h"
#include "base/random.h"
#include "datasets/hdf5.h"
#include "datasets/journaled_file.h"
#include "datasets/replay.h"
#include "tests/datasets/example_demos.h"

namespace deerbench::test {
namespace {

using Catch::Contains;
namespace fs = std::filesystem;

fs::path FileOf(const ScratchFolder& folder, int count) {
  const fs::path path = folder / "demos.h5";
  DemoWriter writer = DemoWriter::Create(path, "{}");
  for (int i = 0; i < count; ++i) writer.Append(ExampleDemo(5 + i, static_cast<uint64_t>(i)));
  return path;
}

// Changes a file behind our back.
void Tamper(const fs::path& path, const std::function<void(hid_t)>& change) {
  const Hdf5Lock lock;
  const Hdf5Id file(H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT));
  REQUIRE(file);
  change(file.get());
}

std::string ComplaintAbout(const fs::path& path, int demo = -1) {
  try {
    const DemoReader reader(path);
    if (demo >= 0) reader.Read(demo);
  } catch (const Error& error) {
    return error.what();
  }
  return "none";
}

TEST_CASE("A demonstration comes back from its file bit for bit") {
  const ScratchFolder folder;
  const fs::path path = FileOf(folder, 3);
  const DemoReader reader(path);
  REQUIRE(reader.size() == 3);
  for (int i = 0; i < 3; ++i) {
    const Demonstration expected = ExampleDemo(5 + i, static_cast<uint64_t>(i));
    CHECK(Same(reader.Read(i), expected));
    CHECK(reader.ReadActions(i) == expected.actions);
    CHECK(reader.ReadExecuted(i) == expected.executed);
    CHECK(reader.ReadLabelled(i) == expected.labelled);
    CHECK(reader.ReadRobotObs(i) == expected.robot_obs);
    CHECK(reader.ReadSceneObs(i) == expected.scene_obs);
  }
  CHECK_THROWS_WITH(reader.Read(3), Contains("demonstration 3 was asked for, expected 0 to 2"));
}

TEST_CASE("A file can be appended to later and its digest depends on its content alone") {
  const ScratchFolder folder;
  const fs::path at_once = FileOf(folder, 4);
  const fs::path later = folder / "later.h5";
  DemoWriter::Create(later, "{}");
  for (int i = 0; i < 4; ++i) DemoWriter::Append(later).Append(ExampleDemo(5 + i, static_cast<uint64_t>(i)));
  CHECK(DemoReader(later).Digest() == DemoReader(at_once).Digest());
  DemoWriter::Append(later).Append(ExampleDemo(5, 9));
  CHECK(DemoReader(later).Digest() != DemoReader(at_once).Digest());
}

TEST_CASE("Two writers cannot open one file") {
  const ScratchFolder folder;
  const fs::path path = FileOf(folder, 1);
  const DemoWriter writer = DemoWriter::Append(path);
  const pid_t child = fork();
  if (child == 0) {
    bool refused = false;
    try {
      DemoWriter::Append(path);
    } catch (const Error&) {
      refused = true;
    }
    _exit(refused ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(status == 0);
}

TEST_CASE("A writer that is killed at any moment loses nothing that it finished") {
  const ScratchFolder folder;
  SplitMix64 random(5);
  const fs::path path = folder / "killed.h5";
  DemoWriter::Create(path, "{}");
  std::vector<Demonstration> demos;
  for (uint64_t i = 0; i < 8; ++i) demos.push_back(ExampleDemo(30, i));
  int total = 0, grown = 0;
  for (int kill_number = 0; kill_number < 25; ++kill_number) {
    int report[2];
    REQUIRE(pipe(report) == 0);
    const pid_t child = fork();
    if (child == 0) {
      close(report[0]);
      DemoWriter writer = DemoWriter::Append(path);
      for (size_t i = writer.demos().size();; ++i) {
        writer.Append(demos[i % demos.size()]);
        const char done = 1;
        if (write(report[1], &done, 1) != 1) _exit(1);
      }
    }
    close(report[1]);
    char byte = 0;
    int finished = 0;
    for (uint64_t before = random.Below(4); before > 0; --before) finished += read(report[0], &byte, 1) == 1;
    std::this_thread::sleep_for(std::chrono::microseconds(random.Below(15'000)));
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    while (read(report[0], &byte, 1) == 1) ++finished;
    close(report[0]);
    // Every other time as a reader finds it, before any writer repairs it.
    if (kill_number % 2 == 1) DemoWriter::Append(path);
    const DemoReader reader(path);
    REQUIRE(reader.size() >= total + finished);
    REQUIRE(reader.size() <= total + finished + 1);
    for (int i = total; i < reader.size(); ++i)
      REQUIRE(Same(reader.Read(i), demos[static_cast<size_t>(i) % demos.size()]));
    grown += reader.size() > total;
    total = reader.size();
  }
  CHECK(grown >= 10);
}

int64_t ValueIn(const fs::path& path, unsigned flags) {
  const Hdf5Lock lock;
  const Hdf5Id access(H5Pcreate(H5P_FILE_ACCESS));
  UseJournal(access.get());
  const Hdf5Id file(H5Fopen(path.c_str(), flags, access.get()));
  REQUIRE(file);
  return ReadNumber<int64_t>(file.get(), "value", "");
}

TEST_CASE("A journal that was not carried out completes the file for readers and for the next writer") {
  const ScratchFolder folder;
  const fs::path path = FileOf(folder, 3);
  Tamper(path, [](hid_t file) { WriteNumber<int64_t>(file, "value", 1, ""); });
  const pid_t child = fork();
  if (child == 0) {
    const Hdf5Lock lock;
    const Hdf5Id access(H5Pcreate(H5P_FILE_ACCESS));
    UseJournal(access.get());
    const Hdf5Id file(H5Fopen(path.c_str(), H5F_ACC_RDWR, access.get()));
    BeginJournal(file.get());
    WriteNumber<int64_t>(file.get(), "value", 2, "");
    H5Fflush(file.get(), H5F_SCOPE_GLOBAL);
    CommitJournal(file.get(), [] { _exit(0); });
    _exit(1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  REQUIRE(status == 0);
  REQUIRE(fs::exists(JournalPath(path)));

  SECTION("a reader sees the new state and changes nothing") {
    CHECK(ValueIn(path, H5F_ACC_RDONLY) == 2);
    CHECK(fs::exists(JournalPath(path)));
    CHECK(DemoReader(path).size() == 3);
  }
  SECTION("a writer completes it") {
    CHECK(ValueIn(path, H5F_ACC_RDWR) == 2);
    CHECK_FALSE(fs::exists(JournalPath(path)));
    CHECK(ValueIn(path, H5F_ACC_RDONLY) == 2);
  }
  SECTION("one that is not whole counts for nothing") {
    fs::resize_file(JournalPath(path), fs::file_size(JournalPath(path)) - 1);
    CHECK(ValueIn(path, H5F_ACC_RDONLY) == 1);
    DemoWriter::Append(path).Append(ExampleDemo(3, 7));
    CHECK(ValueIn(path, H5F_ACC_RDONLY) == 1);
    CHECK(DemoReader(path).size() == 4);
  }
}

TEST_CASE("A file can be read while another process appends to it") {
  const ScratchFolder folder;
  const fs::path path = FileOf(folder, 30);  // more than its group keeps in one place
  int report[2];
  REQUIRE(pipe(report) == 0);
  const pid_t child = fork();
  if (child == 0) {
    close(report[0]);
    DemoWriter writer = DemoWriter::Append(path);
    for (size_t i = writer.demos().size();; ++i) {
      writer.Append(ExampleDemo(5 + static_cast<int>(i % 30), i % 30));
      if (write(report[1], "", 1) != 1) _exit(1);
    }
  }
  close(report[1]);
  const auto expected = [](int i) { return ExampleDemo(5 + i % 30, static_cast<uint64_t>(i % 30)); };
  std::string trouble;
  int size = 30, opened = 0, grown = 0;
  try {
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(1500);
    for (; std::chrono::steady_clock::now() < end; ++opened) {
      const DemoReader reader(path);
      if (reader.size() < size || !Same(reader.Read(reader.size() - 1), expected(reader.size() - 1)))
        Fail("demonstrations are missing or others than were written");
      grown += reader.size() > size;
      size = reader.size();
    }
    // One that stays open keeps what it found.
    const DemoReader reader(path);
    char byte = 0;
    for (int appended = 30; appended < reader.size() + 20; ++appended)
      if (read(report[0], &byte, 1) != 1) Fail("the writer died");
    for (int i = 0; i < reader.size(); ++i)
      if (!Same(reader.Read(i), expected(i))) Fail("a demonstration changed");
  } catch (const Error& error) {
    trouble = error.what();
  }
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  close(report[0]);
  INFO(opened << " times opened; " << trouble);
  CHECK(trouble.empty());
  CHECK(grown >= 3);
}

TEST_CASE("A commit waits for whoever is opening the file") {
  const ScratchFolder folder;
  const fs::path path = FileOf(folder, 1);
  int report[2];
  REQUIRE(pipe(report) == 0);
  const pid_t child = fork();
  if (child == 0) {
    const CommitPause pause(path);
    const bool told = write(report[1], "", 1) == 1;
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    _exit(told && write(report[1], "", 1) == 1 ? 0 : 1);
  }
  char byte = 0;
  REQUIRE(read(report[0], &byte, 1) == 1);
  DemoWriter::Append(path).Append(ExampleDemo(3, 7));
  pollfd ended{.fd = report[0], .events = POLLIN, .revents = 0};
  CHECK(poll(&ended, 1, 0) == 1);
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(status == 0);
  close(report[0]);
  close(report[1]);
}

TEST_CASE("A file in a folder that cannot be written is read") {
  const ScratchFolder folder;
  const fs::path path = FileOf(folder, 2);
  fs::permissions(path, fs::perms::owner_read);
  fs::permissions(path.parent_path(), fs::perms::owner_read | fs::perms::owner_exec);
  CHECK(ComplaintAbout(path, 1) == "none");
  fs::permissions(path.parent_path(), fs::perms::owner_all);
}

TEST_CASE("An unpublished file gets its name when it is whole and leaves nothing otherwise") {
  const ScratchFolder folder, whole;
  const fs::path path = folder / "demos.h5";
  const auto files = [&] {
    return std::distance(fs::directory_iterator(folder / ""), fs::directory_iterator{});
  };
  {
    DemoWriter writer = DemoWriter::CreateUnpublished(path, "{}");
    writer.Append(ExampleDemo(5, 0));
    CHECK_FALSE(fs::exists(path));
    CHECK(files() == 1);
  }
  CHECK(files() == 0);
  {
    DemoWriter writer = DemoWriter::CreateUnpublished(path, "{}");
    for (int i = 0; i < 2; ++i) writer.Append(ExampleDemo(5 + i, static_cast<uint64_t>(i)));
    writer.Publish();
    CHECK_THROWS_AS(writer.Append(ExampleDemo(5, 0)), Error);
  }
  CHECK(files() == 1);
  CHECK(DemoReader(path).Digest() == DemoReader(FileOf(whole, 2)).Digest());
  CHECK_THROWS_WITH(DemoWriter::CreateUnpublished(path, "{}"), Contains("is there already"));
  {
    DemoWriter writer = DemoWriter::CreateUnpublished(folder / "taken.h5", "{}");
    std::ofstream(folder / "taken.h5") << "another's";
    CHECK_THROWS_WITH(writer.Publish(), Contains("taken.h5: is there already"));
  }
  CHECK(files() == 2);
  CHECK(fs::file_size(folder / "taken.h5") == 9);
}

TEST_CASE("What is wrong with a file is said by file and field") {
  const ScratchFolder folder;
  const fs::path path = FileOf(folder, 2);
  const std::string name = path.string();
  CHECK_THAT(ComplaintAbout(folder / "none.h5"), Contains("none.h5: no such file"));

  SECTION("another kind of file") {
    std::ofstream(folder / "text.h5") << "hello";
    CHECK_THAT(ComplaintAbout(folder / "text.h5"), Contains("text.h5: no HDF5 file that can be read"));
  }
  SECTION("cut short") {
    fs::resize_file(path, fs::file_size(path) / 2);
    CHECK_THAT(ComplaintAbout(path), Contains(name + ": no HDF5 file that can be read"));
  }
  SECTION("another schema") {
    Tamper(path, [](hid_t file) { WriteString(file, "schema", "other/2", ""); });
    CHECK(ComplaintAbout(path) == name + ": schema: is 'other/2', expected 'deerbench.demonstrations/1'");
  }
  SECTION("a total that is no sum") {
    Tamper(path, [](hid_t file) {
      const Hdf5Id data = OpenGroup(file, "data", "");
      WriteNumber<int64_t>(data.get(), "total", 12, "");
    });
    CHECK(ComplaintAbout(path) == name + ": data/total: is 12, expected 11: the sum of num_samples");
  }
  SECTION("a task that there is not") {
    Tamper(path, [](hid_t file) {
      const Hdf5Id demo = OpenGroup(file, "data/demo_1", "");
      WriteString(demo.get(), "task", "juggle", "");
    });
    CHECK(ComplaintAbout(path) == name + ": data/demo_1/task: 'juggle' is no task");
  }
  SECTION("an array of another length") {
    Tamper(path, [](hid_t file) {
      const Hdf5Id demo = OpenGroup(file, "data/demo_0", "");
      H5Ldelete(demo.get(), "actions", H5P_DEFAULT);
      const std::vector<double> values(21);
      const hsize_t dims[] = {3, 7};
      WriteArray<double>(demo.get(), "actions", dims, values.data(), Hdf5Storage::kDeflated, "");
    });
    CHECK(ComplaintAbout(path, 0) == name + ": data/demo_0/actions: has shape (3, 7), expected (5, 7)");
  }
  SECTION("a missing array") {
    Tamper(path, [](hid_t file) { H5Ldelete(file, "data/demo_1/obs/robot_obs", H5P_DEFAULT); });
    CHECK_THAT(ComplaintAbout(path, 1), Contains(name + ": data/demo_1/obs/robot_obs: is missing"));
  }
  SECTION("a number that was changed") {
    Tamper(path, [](hid_t file) {
      const Hdf5Id demo = OpenGroup(file, "data/demo_0", "");
      WriteNumber<uint64_t>(demo.get(), "seed", 3, "");
    });
    CHECK(ComplaintAbout(path, 0) ==
          name + ": data/demo_0/checksum: does not fit the demonstration: it was changed or damaged");
  }
}

// An array by step of small rows, with one for after the last step if `rows` is one more than that.
StoredArray ExampleArray(const std::string& name, uint64_t rows) {
  StoredArray array{.name = name, .type = StoredType::kF32, .shape = {rows, 2, 3}, .bytes = {}};
  for (size_t i = 0; i < rows * 6; ++i) {
    const float value = 0.5f * static_cast<float>(i);
    const auto bytes = std::as_bytes(std::span(&value, 1));
    array.bytes.insert(array.bytes.end(), bytes.begin(), bytes.end());
  }
  return array;
}

TEST_CASE("Stored arrays come back whole and by rows, and count for the checksum") {
  const ScratchFolder folder;
  const fs::path path = folder / "demos.h5";
  Demonstration demo = ExampleDemo(4, 1);
  demo.stored = {ExampleArray("obs/depth", 5), ExampleArray("embedding", 1)};
  {
    DemoWriter writer = DemoWriter::Create(path, "{}");
    writer.Append(demo);
    CHECK(writer.demos()[0].stored == std::vector<std::string>{"obs/depth", "embedding"});
    demo.stored.pop_back();
    CHECK(Checksum(demo) != Checksum(ExampleDemo(4, 1)));
    writer.Append(demo);
  }
  auto reader = std::make_unique<const DemoReader>(path);
  CHECK(reader->demos()[0].stored == std::vector<std::string>{"obs/depth", "embedding"});
  CHECK(reader->Read(0).states.size() == 5);
  const StoredArray depth = reader->ReadStored(0, "obs/depth");
  CHECK(depth.shape == std::vector<uint64_t>{5, 2, 3});
  CHECK(depth.bytes == ExampleArray("obs/depth", 5).bytes);
  CHECK(reader->ReadStored(0, "embedding").shape == std::vector<uint64_t>{1, 2, 3});
  std::vector<std::byte> rows(3 * 24);
  reader->ReadStoredRows(0, "obs/depth", 2, 3, rows);  // the last of them after the last step
  CHECK(std::equal(rows.begin(), rows.end(), depth.bytes.begin() + 48));
  CHECK_THROWS_WITH(reader->ReadStored(1, "embedding"), Contains("data/demo_1/embedding: is not stored"));
  CHECK_THROWS_WITH(reader->ReadStoredRows(0, "obs/depth", 3, 3, rows),
                    Contains("rows 3 to 5 were asked for"));
  reader.reset();  // while it is open, HDF5 shows its view of the file to others, too

  SECTION("a damaged one is named") {
    Tamper(path, [](hid_t file) {
      const Hdf5Id data(H5Dopen2(file, "data/demo_0/obs/depth", H5P_DEFAULT));
      const std::vector<float> other(24, 7);
      H5Dwrite(data.get(), H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, other.data());
    });
    const DemoReader damaged(path);
    CHECK(damaged.Read(0).actions.size() == 4);
    CHECK_THROWS_WITH(damaged.ReadStored(0, "obs/depth"),
                      path.string() +
                          ": data/demo_0/obs/depth/sha256: does not fit the array: it was changed "
                          "or damaged");
  }
  SECTION("one that was replaced together with its digest is noticed by the checksum") {
    Tamper(path, [](hid_t file) {
      const Hdf5Id data(H5Dopen2(file, "data/demo_0/obs/depth", H5P_DEFAULT));
      WriteString(data.get(), "sha256", std::string(64, '0'), "");
    });
    CHECK_THROWS_WITH(DemoReader(path).Read(0), Contains("data/demo_0/checksum: does not fit"));
  }
}

TEST_CASE("A demonstration without states needs stored pictures") {
  const ScratchFolder folder;
  DemoWriter writer = DemoWriter::Create(folder / "demos.h5", "{}");
  Demonstration demo = ExampleDemo(4, 1);
  demo.states.clear();
  demo.start_contacts.bytes.clear();
  CHECK_THROWS_WITH(writer.Append(demo),
                    "demonstration: has no states, expected obs/rgb_static and obs/rgb_gripper stored");
  const auto pictures = [](const char* name, uint64_t side, uint64_t rows) {
    return StoredArray{.name = name,
                       .shape = {rows, side, side, 3},
                       .bytes = std::vector<std::byte>(rows * side * side * 3, std::byte{9})};
  };
  demo.stored = {pictures(kStoredStatic, 200, 4), pictures(kStoredGripper, 84, 5)};
  CHECK_THROWS_WITH(writer.Append(demo), "demonstration: obs/rgb_gripper has 5 rows, expected 4");
  demo.stored[1] = pictures(kStoredGripper, 80, 4);
  CHECK_THROWS_WITH(
      writer.Append(demo),
      "demonstration: obs/rgb_gripper has rows (80, 80, 3) of uint8, expected (84, 84, 3) of uint8");
  demo.stored[1] = pictures(kStoredGripper, 84, 4);
  writer.Append(demo);
  CHECK_THROWS_WITH(Replay(nullptr, demo),
                    Contains("has no states (recorded by expert), expected full states"));
  const DemoReader reader(folder / "demos.h5");
  CHECK(reader.demos()[0].moments == 4);  // nobody knows what was after the last step
  CHECK(reader.ReadStates(0).empty());
  CHECK(reader.Read(0).actions == demo.actions);
}

TEST_CASE("A demonstration that cannot be right is not written") {
  const ScratchFolder folder;
  DemoWriter writer = DemoWriter::Create(folder / "demos.h5", "{}");
  Demonstration demo = ExampleDemo(4, 1);
  demo.executed[2][3] = 1.5;
  CHECK_THROWS_WITH(writer.Append(demo),
                    "demonstration: executed[2][3] is 1.5, expected a number in [-1, 1]");
  demo = ExampleDemo(4, 1);
  demo.states.pop_back();
  CHECK_THROWS_WITH(writer.Append(demo), "demonstration: states has 4 rows, expected 5");
  demo = ExampleDemo(4, 1);
  demo.stored = {ExampleArray("obs/depth", 4)};
  CHECK_THROWS_WITH(writer.Append(demo), "demonstration: obs/depth has 4 rows, expected 5");
  demo.stored = {ExampleArray("states", 4)};
  CHECK_THROWS_WITH(writer.Append(demo), Contains("stored array 'states': expected another name"));
  demo.stored = {ExampleArray("obs/../depth", 5)};
  CHECK_THROWS_WITH(writer.Append(demo), Contains("stored array 'obs/../depth': expected another name"));
  writer.Append(ExampleDemo(4, 1));
  CHECK_THROWS_WITH(DemoWriter::Create(folder / "demos.h5", "{}"), Contains("is there already"));
}

}  // namespace
}  // namespace deerbench::test
