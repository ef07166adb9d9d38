// A model's trainable parameters as one vector, so that an optimiser's step is a handful of operations and
// replicas can share weights.
#pragma once

#include <torch/torch.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace deerbench {

class FlatParameters {
 public:
  struct Slice {
    std::string name;
    std::vector<int64_t> shape;
    int64_t begin = 0, size = 0;  // elements of the vector
  };

  // Moves the parameters that `trainable` accepts by name into one vector, in the order of their
  // registration; the model keeps working on views of it. The others are frozen (requires_grad false).
  FlatParameters(torch::nn::Module& model, const std::function<bool(const std::string&)>& trainable);
  // A second model of the same shape that computes with `owner`'s weights and collects gradients of its own.
  FlatParameters(torch::nn::Module& replica, const FlatParameters& owner);

  int64_t size() const { return values.numel(); }
  const std::vector<Slice>& slices() const { return slices_; }

  // Copies each tensor to the parameter of its name. Throws Error naming what is missing or misshapen.
  void CopyFrom(const std::map<std::string, torch::Tensor>& tensors);
  // By name, of any vector laid out like `values`: views.
  std::map<std::string, torch::Tensor> Split(const torch::Tensor& vector) const;

  torch::Tensor values;     // (P) float32
  torch::Tensor gradients;  // (P), what backward passes add to

 private:
  void Attach(torch::nn::Module& model);

  std::vector<Slice> slices_;
};

}  // namespace deerbench
