#include "datasets/demo_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/sha256.h"
#include "base/version.h"
#include "datasets/demo_layout.h"
#include "datasets/hdf5.h"
#include "datasets/journaled_file.h"
#include "datasets/stored_layout.h"
#include "sim/env/env_version.h"

namespace deerbench {
namespace {

namespace fs = std::filesystem;

// Old enough that no flag in the file says that somebody is writing it: one who dies would leave it set.
Hdf5Id AccessProperties() {
  Hdf5Id properties(H5Pcreate(H5P_FILE_ACCESS));
  H5Pset_libver_bounds(properties.get(), H5F_LIBVER_V18, H5F_LIBVER_V18);
  UseJournal(properties.get());
  return properties;
}

Hdf5Id OpenFile(const fs::path& path, unsigned flags) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) Fail(fmt::format("{}: no such file", path.string()));
  const Hdf5Id access = AccessProperties();
  Hdf5Id file(H5Fopen(path.c_str(), flags, access.get()));
  if (!file) {
    const std::string complaint = Hdf5Complaint();
    const bool writing = flags != H5F_ACC_RDONLY;
    Fail(fmt::format("{}: no HDF5 file that can be {}: {}", path.string(), writing ? "appended to" : "read",
                     !complaint.empty() && complaint != "unable to open file" ? complaint
                     : writing ? "not permitted, damaged, or another process writes it"
                               : "not permitted, truncated or damaged"));
  }
  return file;
}

// What the head of a file and the attributes of its demonstrations say.
struct Contents {
  DemoFileInfo info;
  std::vector<DemoInfo> demos;
  std::vector<std::string> checksums;
  // The demonstrations, open: looked up again, they would be found by an index that whoever appends changes.
  std::vector<Hdf5Id> groups;
};

Contents ReadContents(hid_t file, const std::string& name) {
  Contents contents;
  const Hdf5Id root = OpenGroup(file, "/", name + ":");
  const std::string schema = ReadString(root.get(), "schema", name + ": ");
  if (schema != kDemoSchema)
    Fail(fmt::format("{}: schema: is '{}', expected '{}'", name, schema, kDemoSchema));
  contents.info.env_version = static_cast<int>(ReadNumber<int64_t>(root.get(), "env_version", name + ": "));
  contents.info.program_version = ReadString(root.get(), "program_version", name + ": ");
  contents.info.settings = ReadString(root.get(), "settings", name + ": ");
  const Hdf5Place place = name + ": data";
  const Hdf5Id data = OpenGroup(file, "data", name + ": ");
  H5G_info_t links{};
  if (H5Gget_info(data.get(), &links) < 0) Fail(place + ": cannot be read: " + Hdf5Complaint());
  int64_t samples = 0;
  for (int i = 0; i < static_cast<int>(links.nlinks); ++i) {
    Hdf5Id demo = OpenGroup(data.get(), DemoName(i), place);
    std::string checksum;
    contents.demos.push_back(ReadDemoInfo(demo.get(), checksum, place + "/" + DemoName(i)));
    contents.checksums.push_back(std::move(checksum));
    contents.groups.push_back(std::move(demo));
    samples += contents.demos.back().length;
  }
  const auto total = ReadNumber<int64_t>(data.get(), "total", place);
  if (total != samples)
    Fail(fmt::format("{}/total: is {}, expected {}: the sum of num_samples", place, total, samples));
  return contents;
}

std::string EnvArgs(const std::string& scene) {
  return fmt::format(R"({{"env_name": "deerbench/Tabletop-{}-v{}", "type": 2, "env_kwargs": {{}}}})", scene,
                     kEnvVersion);
}

// A file to be: it lies beside its name, and is taken away again unless it gets it.
class Unpublished {
 public:
  explicit Unpublished(fs::path path)
      : path_(std::move(path)), place_(fs::path(path_) += fmt::format(".new{}", getpid())) {
    RequireNew();
  }
  Unpublished(const Unpublished&) = delete;
  Unpublished& operator=(const Unpublished&) = delete;
  ~Unpublished() {
    std::error_code ignored;
    if (place_.empty()) return;
    fs::remove(place_, ignored);
    fs::remove(JournalPath(place_), ignored);
  }

  const fs::path& place() const { return place_; }

  // Once it is closed.
  void Publish() {
    RequireNew();
    std::error_code error;
    fs::remove(JournalPath(path_), error);  // of another file that had this name
    fs::rename(place_, path_, error);
    if (error) Fail(fmt::format("{}: cannot be made: {}", path_.string(), error.message()));
    place_.clear();
  }

 private:
  void RequireNew() const {
    std::error_code error;
    if (fs::exists(path_, error))
      Fail(fmt::format("{}: is there already, expected a new file", path_.string()));
  }

  fs::path path_, place_;
};

// Writes a file without demonstrations to `place`; `name` is what it is called in errors.
void WriteEmpty(const fs::path& place, const std::string& name, const std::string& settings_json) {
  const Hdf5Id access = AccessProperties();
  const Hdf5Id creation(H5Pcreate(H5P_FILE_CREATE));
  H5Pset_istore_k(creation.get(), 1);  // every array is one chunk
  H5Pset_link_phase_change(creation.get(), 24, 16);
  H5Pset_obj_track_times(creation.get(), false);
  const Hdf5Id file(H5Fcreate(place.c_str(), H5F_ACC_TRUNC, creation.get(), access.get()));
  if (!file) Fail(fmt::format("{}: cannot be made: {}", name, Hdf5Complaint()));
  const Hdf5Id root = OpenGroup(file.get(), "/", name + ":");
  WriteString(root.get(), "schema", kDemoSchema, name);
  WriteNumber<int64_t>(root.get(), "env_version", kEnvVersion, name);
  WriteString(root.get(), "program_version", std::string(Version()), name);
  WriteString(root.get(), "settings", settings_json, name);
  const Hdf5Id data = MakeGroup(file.get(), "data", name);
  WriteNumber<int64_t>(data.get(), "total", 0, name);
  WriteString(data.get(), "env_args", EnvArgs("D"), name);
  if (H5Fflush(file.get(), H5F_SCOPE_GLOBAL) < 0)
    Fail(fmt::format("{}: cannot be written: {}", name, Hdf5Complaint()));
  CommitJournal(file.get());
}

}  // namespace

struct DemoWriter::Impl {
  fs::path path;
  std::unique_ptr<Unpublished> unpublished;  // before `file`, which must be closed when it goes
  Hdf5Id file, data;
  Contents contents;
  int64_t samples = 0;
  bool broken = false;
};

DemoWriter::DemoWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
DemoWriter::DemoWriter(DemoWriter&&) noexcept = default;
DemoWriter& DemoWriter::operator=(DemoWriter&&) noexcept = default;

DemoWriter::~DemoWriter() {
  if (!impl_) return;
  const Hdf5Lock lock;
  impl_.reset();
}

DemoWriter DemoWriter::Create(const fs::path& path, const std::string& settings_json) {
  const Hdf5Lock lock;
  Unpublished file(path);  // empty beside its name, then renamed: a file of this name can always be read
  WriteEmpty(file.place(), path.string(), settings_json);
  file.Publish();
  return Append(path);
}

DemoWriter DemoWriter::CreateUnpublished(const fs::path& path, const std::string& settings_json) {
  const Hdf5Lock lock;
  auto file = std::make_unique<Unpublished>(path);
  WriteEmpty(file->place(), path.string(), settings_json);
  std::unique_ptr<Impl> impl = Open(file->place(), path);
  impl->unpublished = std::move(file);
  return DemoWriter(std::move(impl));
}

DemoWriter DemoWriter::Append(const fs::path& path) {
  const Hdf5Lock lock;
  return DemoWriter(Open(path, path));
}

std::unique_ptr<DemoWriter::Impl> DemoWriter::Open(const fs::path& place, const fs::path& path) {
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  impl->file = OpenFile(place, H5F_ACC_RDWR);
  BeginJournal(impl->file.get());
  impl->contents = ReadContents(impl->file.get(), path.string());
  impl->contents.groups.clear();
  if (impl->contents.info.env_version != kEnvVersion) {
    Fail(fmt::format("{}: env_version: is {}, expected {} to append to it", path.string(),
                     impl->contents.info.env_version, kEnvVersion));
  }
  for (const DemoInfo& demo : impl->contents.demos) impl->samples += demo.length;
  impl->data = OpenGroup(impl->file.get(), "data", path.string());
  return impl;
}

void DemoWriter::Publish() {
  const Hdf5Lock lock;
  Impl& impl = *impl_;
  if (!impl.unpublished || impl.broken)
    Fail(fmt::format("{}: cannot be published {}", impl.path.string(),
                     impl.broken ? "after an error" : "again"));
  impl.broken = true;  // nothing may follow
  impl.data = Hdf5Id();
  impl.file = Hdf5Id();
  impl.unpublished->Publish();
  impl.unpublished.reset();
}

void DemoWriter::Append(const Demonstration& demo) {
  Validate(demo);
  std::vector<StoredDigest> stored;
  for (const StoredArray& array : demo.stored) stored.push_back(DigestOf(array));
  std::string checksum = Checksum(demo, stored);
  const Hdf5Lock lock;
  Impl& impl = *impl_;
  const std::string name = impl.path.string();
  if (impl.broken) Fail(fmt::format("{}: cannot be appended to after an error", name));
  impl.broken = true;  // until all went well
  const int index = static_cast<int>(impl.contents.demos.size());
  WriteDemo(impl.data.get(), index, demo, stored, checksum, name + ": data");
  if (index == 0) WriteString(impl.data.get(), "env_args", EnvArgs(demo.info.scene), name);
  WriteNumber<int64_t>(impl.data.get(), "total", impl.samples + demo.info.length, name);
  if (H5Fflush(impl.file.get(), H5F_SCOPE_GLOBAL) < 0)
    Fail(fmt::format("{}: cannot be written: {}", name, Hdf5Complaint()));
  CommitJournal(impl.file.get());
  impl.samples += demo.info.length;
  impl.contents.demos.push_back(CompleteInfo(demo));
  impl.contents.checksums.push_back(std::move(checksum));
  impl.broken = false;
}

const std::vector<DemoInfo>& DemoWriter::demos() const { return impl_->contents.demos; }
const std::string& DemoWriter::settings() const { return impl_->contents.info.settings; }

struct DemoReader::Impl {
  fs::path path;
  Hdf5Id file;
  Contents contents;

  // Calls read(group, info, place) for one demonstration.
  template <typename F>
  auto With(int demo, F&& read) const {
    if (demo < 0 || demo >= static_cast<int>(contents.demos.size())) {
      Fail(fmt::format("{}: demonstration {} was asked for, expected 0 to {}", path.string(), demo,
                       static_cast<int>(contents.demos.size()) - 1));
    }
    const Hdf5Lock lock;
    const auto index = static_cast<size_t>(demo);
    return read(contents.groups[index].get(), contents.demos[index],
                path.string() + ": data/" + DemoName(demo));
  }
};

DemoReader::DemoReader(const fs::path& path) : impl_(std::make_unique<Impl>()) {
  const Hdf5Lock lock;
  const CommitPause pause(path);
  impl_->path = path;
  impl_->file = OpenFile(path, H5F_ACC_RDONLY);
  impl_->contents = ReadContents(impl_->file.get(), path.string());
}

DemoReader::DemoReader(DemoReader&&) noexcept = default;
DemoReader& DemoReader::operator=(DemoReader&&) noexcept = default;

DemoReader::~DemoReader() {
  if (!impl_) return;
  const Hdf5Lock lock;
  impl_.reset();
}

const fs::path& DemoReader::path() const { return impl_->path; }
const DemoFileInfo& DemoReader::info() const { return impl_->contents.info; }
const std::vector<DemoInfo>& DemoReader::demos() const { return impl_->contents.demos; }

Demonstration DemoReader::Read(int index) const {
  return impl_->With(index, [&](hid_t group, const DemoInfo& info, const Hdf5Place& place) {
    Demonstration demo{.info = info,
                       .states = ReadStateRows(group, info, place),
                       .start_contacts = ReadStartContacts(group, place),
                       .robot_obs = ReadRobotObsRows(group, info, place),
                       .scene_obs = ReadSceneObsRows(group, info, place),
                       .actions = ReadActionRows(group, "actions", info, place),
                       .executed = ReadActionRows(group, "executed_actions", info, place),
                       .labelled = ReadLabelledRows(group, info, place),
                       .stored = {}};
    if (Checksum(demo, ReadStoredDigests(group, info, place)) !=
        impl_->contents.checksums[static_cast<size_t>(index)])
      Fail(place + "/checksum: does not fit the demonstration: it was changed or damaged");
    return demo;
  });
}

StoredArray DemoReader::ReadStored(int index, const std::string& name) const {
  return impl_->With(index, [&](hid_t group, const DemoInfo& info, const Hdf5Place& place) {
    if (std::ranges::count(info.stored, name) == 0) Fail(fmt::format("{}/{}: is not stored", place, name));
    return deerbench::ReadStored(group, name, info, place);
  });
}

void DemoReader::ReadStoredRows(int index, const std::string& name, int first, int count,
                                std::span<std::byte> out) const {
  impl_->With(index, [&](hid_t group, const DemoInfo& info, const Hdf5Place& place) {
    deerbench::ReadStoredRows(group, name, info, first, count, out, place);
  });
}

std::vector<RelativeAction> DemoReader::ReadActions(int demo) const {
  return impl_->With(demo, [](hid_t group, const DemoInfo& info, const Hdf5Place& place) {
    return ReadActionRows(group, "actions", info, place);
  });
}

std::vector<RelativeAction> DemoReader::ReadExecuted(int demo) const {
  return impl_->With(demo, [](hid_t group, const DemoInfo& info, const Hdf5Place& place) {
    return ReadActionRows(group, "executed_actions", info, place);
  });
}

std::vector<uint8_t> DemoReader::ReadLabelled(int demo) const { return impl_->With(demo, ReadLabelledRows); }
std::vector<RobotObs> DemoReader::ReadRobotObs(int demo) const { return impl_->With(demo, ReadRobotObsRows); }
std::vector<SceneObs> DemoReader::ReadSceneObs(int demo) const { return impl_->With(demo, ReadSceneObsRows); }
std::vector<WorldState> DemoReader::ReadStates(int demo) const { return impl_->With(demo, ReadStateRows); }

std::string DemoReader::Digest() const {
  Sha256 sha;
  for (const std::string& checksum : impl_->contents.checksums) {
    sha.Update(checksum);
    sha.Update("\n");
  }
  return sha.HexDigest();
}

}  // namespace deerbench
