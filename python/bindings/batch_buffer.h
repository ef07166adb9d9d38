// Memory that a batch of worlds is observed into and that Python then holds as arrays, without a copy.
//
// A buffer belongs to the arrays made of it: nothing writes into it while one of them, or a view of one, is
// alive. When the last is gone it returns to the pool it came from, to be filled again.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "sim/env/tabletop_batch.h"

namespace deerbench {

// One array of a buffer.
struct BatchField {
  enum class Type { kUint8, kFloat32, kFloat64 };
  std::string name;  // key of the observation
  Type type;
  std::vector<size_t> shape;  // the batch's size first
};

class BatchBuffer {
 public:
  explicit BatchBuffer(std::span<const BatchField> fields);

  // Null if there is no field of that name.
  std::byte* Find(const std::string& name) const;
  BatchView view() const;
  std::span<const BatchField> fields() const { return fields_; }

 private:
  std::span<const BatchField> fields_;
  std::vector<size_t> offsets_;
  std::unique_ptr<std::byte[]> memory_;
};

// Any thread may take a buffer and let go of one.
class BatchBufferPool {
 public:
  explicit BatchBufferPool(std::vector<BatchField> fields);

  std::shared_ptr<BatchBuffer> Take();

 private:
  struct Shelf {
    std::vector<BatchField> fields;
    std::mutex mutex;
    std::vector<std::unique_ptr<BatchBuffer>> free;
  };
  std::shared_ptr<Shelf> shelf_;  // buffers may outlive the pool
};

}  // namespace deerbench
