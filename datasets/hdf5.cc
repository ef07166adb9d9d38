#include "datasets/hdf5.h"

#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <string_view>

#include "base/error.h"

namespace deerbench {
namespace {

constexpr unsigned kDeflateLevel = 4;

std::recursive_mutex& LibraryMutex() {
  static std::recursive_mutex mutex;
  return mutex;
}

[[noreturn]] void FailAt(const Hdf5Place& place, std::string_view name, std::string_view what) {
  const std::string complaint = Hdf5Complaint();
  Fail(fmt::format("{}{}{}: {}{}{}", place, name.empty() ? "" : "/", name, what,
                   complaint.empty() ? "" : ": ", complaint));
}

Hdf5Id Checked(hid_t id, const Hdf5Place& place, std::string_view name, std::string_view what) {
  if (id < 0) FailAt(place, name, what);
  return Hdf5Id(id);
}

void Check(herr_t status, const Hdf5Place& place, std::string_view name, std::string_view what) {
  if (status < 0) FailAt(place, name, what);
}

Hdf5Id StringType() {
  Hdf5Id type(H5Tcopy(H5T_C_S1));
  H5Tset_size(type.get(), H5T_VARIABLE);
  H5Tset_cset(type.get(), H5T_CSET_UTF8);
  return type;
}

std::vector<hsize_t> ExtentOf(hid_t object_space) {
  const int rank = H5Sget_simple_extent_ndims(object_space);
  std::vector<hsize_t> dims(static_cast<size_t>(rank < 0 ? 0 : rank));
  if (rank > 0) H5Sget_simple_extent_dims(object_space, dims.data(), nullptr);
  return dims;
}

}  // namespace

Hdf5Lock::Hdf5Lock() : lock_(LibraryMutex()) {
  // Errors come as exceptions; the library would print them as well.
  static const herr_t kQuiet = H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  static_cast<void>(kQuiet);
}

Hdf5Id::~Hdf5Id() {
  if (id_ >= 0) {
    const Hdf5Lock lock;
    H5Idec_ref(id_);
  }
}

template <>
hid_t Hdf5Type<double>() {
  return H5T_NATIVE_DOUBLE;
}
template <>
hid_t Hdf5Type<float>() {
  return H5T_NATIVE_FLOAT;
}
template <>
hid_t Hdf5Type<uint8_t>() {
  return H5T_NATIVE_UINT8;
}
template <>
hid_t Hdf5Type<int64_t>() {
  return H5T_NATIVE_INT64;
}
template <>
hid_t Hdf5Type<uint64_t>() {
  return H5T_NATIVE_UINT64;
}

std::string Hdf5Complaint() {
  std::string text;
  const auto visit = [](unsigned, const H5E_error2_t* error, void* out) -> herr_t {
    // The innermost entry comes last: what went wrong, rather than what was being done.
    if (error->desc) *static_cast<std::string*>(out) = error->desc;
    return 0;
  };
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, visit, &text);
  H5Eclear2(H5E_DEFAULT);
  return text;
}

template <typename T>
void WriteArray(hid_t group, const char* name, std::span<const hsize_t> dims, const T* values,
                Hdf5Storage storage, const Hdf5Place& place) {
  const Hdf5Id space(H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr));
  const Hdf5Id properties(H5Pcreate(H5P_DATASET_CREATE));
  H5Pset_obj_track_times(properties.get(), false);
  H5Pset_attr_phase_change(properties.get(), 64, 0);
  if (storage == Hdf5Storage::kCompact) {
    H5Pset_layout(properties.get(), H5D_COMPACT);
  } else {
    H5Pset_chunk(properties.get(), static_cast<int>(dims.size()), dims.data());
    if (sizeof(T) > 1) H5Pset_shuffle(properties.get());
    H5Pset_deflate(properties.get(), kDeflateLevel);
  }
  const Hdf5Id data =
      Checked(H5Dcreate2(group, name, Hdf5Type<T>(), space.get(), H5P_DEFAULT, properties.get(), H5P_DEFAULT),
              place, name, "cannot be made");
  Check(H5Dwrite(data.get(), Hdf5Type<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values), place, name,
        "cannot be written");
}

template <typename T>
std::vector<T> ReadArray(hid_t group, const char* name, hsize_t rows, hsize_t columns,
                         const Hdf5Place& place) {
  const Hdf5Id data = Checked(H5Dopen2(group, name, H5P_DEFAULT), place, name, "is missing or unreadable");
  const Hdf5Id space(H5Dget_space(data.get()));
  const std::vector<hsize_t> dims = ExtentOf(space.get());
  std::vector<hsize_t> expected{rows};
  if (columns > 0) expected.push_back(columns);
  if (dims != expected) {
    FailAt(place, name,
           fmt::format("has shape ({}), expected ({})", fmt::join(dims, ", "), fmt::join(expected, ", ")));
  }
  std::vector<T> values(rows * std::max<hsize_t>(columns, 1));
  Check(H5Dread(data.get(), Hdf5Type<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), place, name,
        "cannot be read");
  return values;
}

bool HasLink(hid_t group, const char* name) { return H5Lexists(group, name, H5P_DEFAULT) > 0; }

hsize_t RowsOf(hid_t group, const char* name, const Hdf5Place& place) {
  const Hdf5Id data = Checked(H5Dopen2(group, name, H5P_DEFAULT), place, name, "is missing or unreadable");
  const Hdf5Id space(H5Dget_space(data.get()));
  const std::vector<hsize_t> dims = ExtentOf(space.get());
  if (dims.size() != 1) FailAt(place, name, fmt::format("has {} dimensions, expected 1", dims.size()));
  return dims[0];
}

template <typename T>
void WriteNumber(hid_t object, const char* name, T value, const Hdf5Place& place) {
  if (H5Aexists(object, name) > 0) {  // the type stays
    const Hdf5Id there = Checked(H5Aopen(object, name, H5P_DEFAULT), place, name, "cannot be opened");
    return Check(H5Awrite(there.get(), Hdf5Type<T>(), &value), place, name, "cannot be written");
  }
  const Hdf5Id space(H5Screate(H5S_SCALAR));
  const Hdf5Id attribute =
      Checked(H5Acreate2(object, name, Hdf5Type<T>(), space.get(), H5P_DEFAULT, H5P_DEFAULT), place, name,
              "cannot be made");
  Check(H5Awrite(attribute.get(), Hdf5Type<T>(), &value), place, name, "cannot be written");
}

template <typename T>
T ReadNumber(hid_t object, const char* name, const Hdf5Place& place) {
  const Hdf5Id attribute =
      Checked(H5Aopen(object, name, H5P_DEFAULT), place, name, "attribute is missing or unreadable");
  const Hdf5Id type(H5Aget_type(attribute.get()));
  const Hdf5Id space(H5Aget_space(attribute.get()));
  const H5T_class_t kind = H5Tget_class(type.get());
  if ((kind != H5T_INTEGER && kind != H5T_FLOAT) || H5Sget_simple_extent_npoints(space.get()) != 1)
    FailAt(place, name, "attribute is no single number");
  T value{};
  Check(H5Aread(attribute.get(), Hdf5Type<T>(), &value), place, name, "attribute cannot be read");
  return value;
}

void WriteString(hid_t object, const char* name, const std::string& value, const Hdf5Place& place) {
  if (H5Aexists(object, name) > 0) Check(H5Adelete(object, name), place, name, "cannot be replaced");
  const Hdf5Id type = StringType();
  const Hdf5Id space(H5Screate(H5S_SCALAR));
  const Hdf5Id attribute =
      Checked(H5Acreate2(object, name, type.get(), space.get(), H5P_DEFAULT, H5P_DEFAULT), place, name,
              "cannot be made");
  const char* text = value.c_str();
  Check(H5Awrite(attribute.get(), type.get(), &text), place, name, "cannot be written");
}

std::string ReadString(hid_t object, const char* name, const Hdf5Place& place) {
  const Hdf5Id attribute =
      Checked(H5Aopen(object, name, H5P_DEFAULT), place, name, "attribute is missing or unreadable");
  const Hdf5Id stored(H5Aget_type(attribute.get()));
  const Hdf5Id space(H5Aget_space(attribute.get()));
  if (H5Tget_class(stored.get()) != H5T_STRING || H5Sget_simple_extent_npoints(space.get()) != 1)
    FailAt(place, name, "attribute is no string");
  if (H5Tis_variable_str(stored.get()) <= 0) {
    std::string value(H5Tget_size(stored.get()), '\0');
    Check(H5Aread(attribute.get(), stored.get(), value.data()), place, name, "attribute cannot be read");
    value.resize(std::char_traits<char>::length(value.c_str()));
    return value;
  }
  const Hdf5Id type = StringType();
  H5Tset_cset(type.get(), H5Tget_cset(stored.get()));
  char* text = nullptr;
  Check(H5Aread(attribute.get(), type.get(), &text), place, name, "attribute cannot be read");
  std::string value = text ? text : "";
  H5free_memory(text);
  return value;
}

Hdf5Id OpenGroup(hid_t parent, const std::string& name, const Hdf5Place& place) {
  return Checked(H5Gopen2(parent, name.c_str(), H5P_DEFAULT), place, name, "is missing or unreadable");
}

Hdf5Id MakeGroup(hid_t parent, const std::string& name, const Hdf5Place& place) {
  const Hdf5Id properties(H5Pcreate(H5P_GROUP_CREATE));
  H5Pset_obj_track_times(properties.get(), false);
  H5Pset_attr_phase_change(properties.get(), 64, 0);
  H5Pset_link_phase_change(properties.get(), 24, 16);
  return Checked(H5Gcreate2(parent, name.c_str(), H5P_DEFAULT, properties.get(), H5P_DEFAULT), place, name,
                 "cannot be made");
}

#define DEERBENCH_HDF5_ARRAY(T)                                                                    \
  template void WriteArray<T>(hid_t, const char*, std::span<const hsize_t>, const T*, Hdf5Storage, \
                              const Hdf5Place&);                                                   \
  template std::vector<T> ReadArray<T>(hid_t, const char*, hsize_t, hsize_t, const Hdf5Place&);    \
  template void WriteNumber<T>(hid_t, const char*, T, const Hdf5Place&);                           \
  template T ReadNumber<T>(hid_t, const char*, const Hdf5Place&)
DEERBENCH_HDF5_ARRAY(double);
DEERBENCH_HDF5_ARRAY(float);
DEERBENCH_HDF5_ARRAY(uint8_t);
DEERBENCH_HDF5_ARRAY(int64_t);
DEERBENCH_HDF5_ARRAY(uint64_t);
#undef DEERBENCH_HDF5_ARRAY

}  // namespace deerbench
