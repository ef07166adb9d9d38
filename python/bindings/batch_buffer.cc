#include "python/bindings/batch_buffer.h"

#include <utility>

namespace deerbench {
namespace {

size_t BytesOf(const BatchField& field) {
  size_t bytes = field.type == BatchField::Type::kUint8     ? 1
                 : field.type == BatchField::Type::kFloat32 ? 4
                                                            : 8;
  for (const size_t length : field.shape) bytes *= length;
  return bytes;
}

}  // namespace

BatchBuffer::BatchBuffer(std::span<const BatchField> fields) : fields_(fields) {
  constexpr size_t kCacheLine = 64;
  size_t size = 0;
  for (const BatchField& field : fields) {
    offsets_.push_back(size);
    size += (BytesOf(field) + kCacheLine - 1) / kCacheLine * kCacheLine;
  }
  memory_ = std::make_unique<std::byte[]>(size);
}

std::byte* BatchBuffer::Find(const std::string& name) const {
  for (size_t i = 0; i < fields_.size(); ++i) {
    if (fields_[i].name == name) return memory_.get() + offsets_[i];
  }
  return nullptr;
}

BatchView BatchBuffer::view() const {
  return {.rgb_static = reinterpret_cast<uint8_t*>(Find("rgb_static")),
          .rgb_gripper = reinterpret_cast<uint8_t*>(Find("rgb_gripper")),
          .depth_static = reinterpret_cast<float*>(Find("depth_static")),
          .depth_gripper = reinterpret_cast<float*>(Find("depth_gripper")),
          .robot_obs = reinterpret_cast<double*>(Find("robot_obs")),
          .scene_obs = reinterpret_cast<double*>(Find("scene_obs"))};
}

BatchBufferPool::BatchBufferPool(std::vector<BatchField> fields) : shelf_(std::make_shared<Shelf>()) {
  shelf_->fields = std::move(fields);
}

std::shared_ptr<BatchBuffer> BatchBufferPool::Take() {
  std::unique_ptr<BatchBuffer> buffer;
  {
    const std::lock_guard lock(shelf_->mutex);
    if (!shelf_->free.empty()) {
      buffer = std::move(shelf_->free.back());
      shelf_->free.pop_back();
    }
  }
  if (!buffer) buffer = std::make_unique<BatchBuffer>(shelf_->fields);
  // Who keeps many observations and lets go of them together does not want them kept here.
  constexpr size_t kMostFree = 2;
  return {buffer.release(), [shelf = shelf_](BatchBuffer* used) {
            std::unique_ptr<BatchBuffer> owned(used);
            const std::lock_guard lock(shelf->mutex);
            if (shelf->free.size() < kMostFree) shelf->free.push_back(std::move(owned));
          }};
}

}  // namespace deerbench
