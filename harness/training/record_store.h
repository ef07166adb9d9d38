// A file of equally long records that is filled from the front, mapped into memory: what training computes
// once and reads often.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

namespace deerbench {

class RecordStore {
 public:
  // Opens `path`, or starts it anew if there is none, or if it was made of something else (`key`: any text
  // that says what the records come from). The number of filled records stands in a small file beside it.
  // Throws Error naming the file.
  RecordStore(const std::filesystem::path& path, const std::string& key, size_t record_bytes,
              int64_t records);
  ~RecordStore();
  RecordStore(const RecordStore&) = delete;
  RecordStore& operator=(const RecordStore&) = delete;

  // More records than before may be asked for; filled ones stay.
  void Grow(int64_t records);

  int64_t size() const { return records_; }
  int64_t filled() const { return filled_; }
  size_t record_bytes() const { return record_bytes_; }
  uint8_t* record(int64_t index) { return data_ + index * record_bytes_; }
  const uint8_t* record(int64_t index) const { return data_ + index * record_bytes_; }

  // Everything before `filled` is complete: survives the process from here on.
  void SetFilled(int64_t filled);

 private:
  void Map(int64_t records);
  void Unmap();

  std::filesystem::path path_;
  std::string key_;
  size_t record_bytes_;
  int64_t records_ = 0, filled_ = 0;
  int fd_ = -1;
  uint8_t* data_ = nullptr;
  size_t mapped_ = 0;
};

}  // namespace deerbench
