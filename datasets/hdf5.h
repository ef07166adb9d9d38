// HDF5's C interface with owners, typed arrays and errors that name the place.
#pragma once

#include <hdf5.h>

#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace deerbench {

// The library is not thread-safe: whoever calls it, or anything below, holds this. Recursive.
class Hdf5Lock {
 public:
  Hdf5Lock();

 private:
  std::unique_lock<std::recursive_mutex> lock_;
};

// Owns an identifier of any kind.
class Hdf5Id {
 public:
  Hdf5Id() = default;
  explicit Hdf5Id(hid_t id) : id_(id) {}
  Hdf5Id(Hdf5Id&& other) noexcept : id_(std::exchange(other.id_, -1)) {}
  Hdf5Id& operator=(Hdf5Id&& other) noexcept {
    std::swap(id_, other.id_);
    return *this;
  }
  ~Hdf5Id();
  hid_t get() const { return id_; }
  explicit operator bool() const { return id_ >= 0; }

 private:
  hid_t id_ = -1;
};

// Where something lies, for errors: "FILE: data/demo_3/actions".
using Hdf5Place = std::string;

// Number types that are stored.
template <typename T>
hid_t Hdf5Type();

// How an array is stored.
enum class Hdf5Storage {
  kDeflated,  // one chunk, bytes shuffled and deflated
  kCompact,   // inside the object's header: for less than 32 KiB
};

// The last thing HDF5 complained about, in its words, or nothing.
std::string Hdf5Complaint();

// Writes a new dataset of `dims` (row-major) values.
template <typename T>
void WriteArray(hid_t group, const char* name, std::span<const hsize_t> dims, const T* values,
                Hdf5Storage storage, const Hdf5Place& place);

// Reads a dataset of exactly `columns` columns (0: one-dimensional) and `rows` rows, converted to T.
template <typename T>
std::vector<T> ReadArray(hid_t group, const char* name, hsize_t rows, hsize_t columns,
                         const Hdf5Place& place);
bool HasLink(hid_t group, const char* name);
// Rows of a one-dimensional dataset.
hsize_t RowsOf(hid_t group, const char* name, const Hdf5Place& place);

// Attributes: scalars. Writing replaces one that is there.
template <typename T>
void WriteNumber(hid_t object, const char* name, T value, const Hdf5Place& place);
template <typename T>
T ReadNumber(hid_t object, const char* name, const Hdf5Place& place);
void WriteString(hid_t object, const char* name, const std::string& value, const Hdf5Place& place);
std::string ReadString(hid_t object, const char* name, const Hdf5Place& place);

Hdf5Id OpenGroup(hid_t parent, const std::string& name, const Hdf5Place& place);
// A group whose attributes and links lie in its header as long as there are few.
Hdf5Id MakeGroup(hid_t parent, const std::string& name, const Hdf5Place& place);

}  // namespace deerbench
