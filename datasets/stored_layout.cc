#include "datasets/stored_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <optional>

#include "base/error.h"

namespace deerbench {
namespace {

constexpr std::array<StoredType, 4> kTypes = {StoredType::kU8, StoredType::kI64, StoredType::kF32,
                                              StoredType::kF64};

hid_t NativeType(StoredType type) {
  switch (type) {
    case StoredType::kU8:
      return H5T_NATIVE_UINT8;
    case StoredType::kI64:
      return H5T_NATIVE_INT64;
    case StoredType::kF32:
      return H5T_NATIVE_FLOAT;
    case StoredType::kF64:
      return H5T_NATIVE_DOUBLE;
  }
  Fail("stored array: no such type");
}

std::string FinalName(const std::string& name) { return "final_" + name; }

void WriteWhole(hid_t group, const std::string& name, StoredType type, std::span<const uint64_t> shape,
                const std::byte* bytes, const Hdf5Place& place) {
  const std::vector<hsize_t> dims(shape.begin(), shape.end());
  const Hdf5Id space(H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr));
  const Hdf5Id properties(H5Pcreate(H5P_DATASET_CREATE));
  H5Pset_obj_track_times(properties.get(), false);
  const Hdf5Id data(H5Dcreate2(group, name.c_str(), NativeType(type), space.get(), H5P_DEFAULT,
                               properties.get(), H5P_DEFAULT));
  if (!data || H5Dwrite(data.get(), NativeType(type), H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes) < 0)
    Fail(fmt::format("{}/{}: cannot be written: {}", place, name, Hdf5Complaint()));
}

// An array as it lies in the file, opened.
struct Opened {
  Hdf5Id data;
  StoredType type = StoredType::kU8;
  std::vector<hsize_t> dims;
  size_t size = 0;  // bytes
};

Opened Open(hid_t demo, const std::string& name, const Hdf5Place& place) {
  Opened out;
  out.data = Hdf5Id(H5Dopen2(demo, name.c_str(), H5P_DEFAULT));
  if (!out.data) Fail(fmt::format("{}/{}: is missing or unreadable: {}", place, name, Hdf5Complaint()));
  const Hdf5Id space(H5Dget_space(out.data.get())), type(H5Dget_type(out.data.get()));
  const int rank = H5Sget_simple_extent_ndims(space.get());
  const auto found =
      std::ranges::find_if(kTypes, [&](StoredType t) { return H5Tequal(type.get(), NativeType(t)) > 0; });
  if (rank < 0 || rank > 6 || found == kTypes.end()) {
    Fail(fmt::format("{}/{}: expected an array of uint8, int64, float32 or float64 with at most 6 dimensions",
                     place, name));
  }
  out.type = *found;
  out.dims.resize(static_cast<size_t>(rank));
  if (rank > 0) H5Sget_simple_extent_dims(space.get(), out.dims.data(), nullptr);
  out.size = std::accumulate(out.dims.begin(), out.dims.end(), SizeOf(out.type), std::multiplies<>());
  // A damaged head could ask for any amount of memory.
  if (H5Dget_storage_size(out.data.get()) != out.size)
    Fail(fmt::format("{}/{}: is not stored contiguously as a whole", place, name));
  return out;
}

void ReadWhole(const Opened& array, std::byte* out, const std::string& name, const Hdf5Place& place) {
  if (H5Dread(array.data.get(), NativeType(array.type), H5S_ALL, H5S_ALL, H5P_DEFAULT, out) < 0)
    Fail(fmt::format("{}/{}: cannot be read: {}", place, name, Hdf5Complaint()));
}

// The row of the time after the last step, if the file has it.
std::optional<Opened> OpenFinal(hid_t demo, const std::string& name, const Opened& steps,
                                const Hdf5Place& place) {
  if (!HasLink(demo, FinalName(name).c_str())) return std::nullopt;
  Opened out = Open(demo, FinalName(name), place);
  if (out.type != steps.type || !std::ranges::equal(out.dims, std::span(steps.dims).subspan(1)))
    Fail(fmt::format("{}/{}: has another shape or type than a row of {}", place, FinalName(name), name));
  return out;
}

Opened OpenSteps(hid_t demo, const std::string& name, const DemoInfo& info, const Hdf5Place& place) {
  Opened out = Open(demo, name, place);
  if (out.dims.empty() || out.dims[0] != static_cast<hsize_t>(info.length)) {
    Fail(fmt::format("{}/{}: has {} rows, expected {}", place, name, out.dims.empty() ? 0 : out.dims[0],
                     info.length));
  }
  return out;
}

}  // namespace

void WriteStored(hid_t demo, const StoredArray& array, const StoredDigest& digest, int steps,
                 const Hdf5Place& place) {
  std::vector<uint64_t> shape = array.shape;
  const bool has_final = array.by_step() && shape[0] == static_cast<uint64_t>(steps) + 1;
  if (has_final) --shape[0];
  WriteWhole(demo, array.name, array.type, shape, array.bytes.data(), place);
  const Hdf5Id data(H5Dopen2(demo, array.name.c_str(), H5P_DEFAULT));
  WriteString(data.get(), "sha256", digest.sha256, place + "/" + array.name);
  if (!has_final) return;
  if (!HasLink(demo, "final_obs")) MakeGroup(demo, "final_obs", place);
  const size_t row = array.bytes.size() / array.shape[0];
  WriteWhole(demo, FinalName(array.name), array.type, std::span(shape).subspan(1),
             array.bytes.data() + row * shape[0], place);
}

void ReadStoredInfo(hid_t demo, DemoInfo& info, const Hdf5Place& place) {
  info.stored.clear();
  if (H5Aexists(demo, "stored") > 0) {
    const std::string names = ReadString(demo, "stored", place);
    for (size_t at = 0; at < names.size();) {
      const size_t end = std::min(names.find(',', at), names.size());
      info.stored.push_back(names.substr(at, end - at));
      at = end + 1;
    }
  }
  if (!info.has_states && !HasPictures(info)) Fail(place + ": has neither states nor stored pictures");
  const auto seen_after = [&](const char* name) { return HasLink(demo, FinalName(name).c_str()); };
  const bool after = info.has_states ||
                     (HasLink(demo, "final_obs") && seen_after(kStoredStatic) && seen_after(kStoredGripper));
  info.moments = info.length + (after ? 1 : 0);
}

std::vector<StoredDigest> ReadStoredDigests(hid_t demo, const DemoInfo& info, const Hdf5Place& place) {
  std::vector<StoredDigest> digests;
  for (const std::string& name : info.stored) {
    const Opened array = Open(demo, name, place);
    digests.push_back({name, ReadString(array.data.get(), "sha256", place + "/" + name)});
  }
  return digests;
}

StoredArray ReadStored(hid_t demo, const std::string& name, const DemoInfo& info, const Hdf5Place& place) {
  StoredArray out{.name = name, .type = StoredType::kU8, .shape = {}, .bytes = {}};
  const Opened array = out.by_step() ? OpenSteps(demo, name, info, place) : Open(demo, name, place);
  const auto after = out.by_step() && HasLink(demo, "final_obs") ? OpenFinal(demo, name, array, place)
                                                                 : std::optional<Opened>();
  out.type = array.type;
  out.shape.assign(array.dims.begin(), array.dims.end());
  out.bytes.resize(array.size + (after ? after->size : 0));
  ReadWhole(array, out.bytes.data(), name, place);
  if (after) {
    ReadWhole(*after, out.bytes.data() + array.size, FinalName(name), place);
    ++out.shape[0];
  }
  if (DigestOf(out).sha256 != ReadString(array.data.get(), "sha256", place + "/" + name))
    Fail(fmt::format("{}/{}/sha256: does not fit the array: it was changed or damaged", place, name));
  return out;
}

void ReadStoredRows(hid_t demo, const std::string& name, const DemoInfo& info, int first, int count,
                    std::span<std::byte> out, const Hdf5Place& place) {
  const Opened array = OpenSteps(demo, name, info, place);
  const size_t row = array.size / array.dims[0];
  if (first < 0 || count < 1 || first + count > info.length + 1 ||
      out.size() != row * static_cast<size_t>(count))
    Fail(fmt::format("{}/{}: rows {} to {} were asked for into {} bytes, rows are of {} bytes", place, name,
                     first, first + count - 1, out.size(), row));
  const int inside = std::min(count, info.length - first);
  if (inside > 0) {
    std::vector<hsize_t> start(array.dims.size(), 0), extent = array.dims;
    start[0] = static_cast<hsize_t>(first);
    extent[0] = static_cast<hsize_t>(inside);
    const Hdf5Id from(H5Dget_space(array.data.get()));
    const Hdf5Id to(H5Screate_simple(static_cast<int>(extent.size()), extent.data(), nullptr));
    if (H5Sselect_hyperslab(from.get(), H5S_SELECT_SET, start.data(), nullptr, extent.data(), nullptr) < 0 ||
        H5Dread(array.data.get(), NativeType(array.type), to.get(), from.get(), H5P_DEFAULT, out.data()) < 0)
      Fail(fmt::format("{}/{}: rows {} to {} cannot be read: {}", place, name, first, first + inside - 1,
                       Hdf5Complaint()));
  }
  if (inside == count) return;
  const auto after =
      HasLink(demo, "final_obs") ? OpenFinal(demo, name, array, place) : std::optional<Opened>();
  if (!after) Fail(fmt::format("{}/{}: is missing", place, FinalName(name)));
  ReadWhole(*after, out.data() + row * static_cast<size_t>(inside), FinalName(name), place);
}

}  // namespace deerbench
