#include "agent/training/flat_parameters.h"

#include <fmt/format.h>

#include "base/error.h"

namespace deerbench {

FlatParameters::FlatParameters(torch::nn::Module& model,
                               const std::function<bool(const std::string&)>& trainable) {
  torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> pieces;
  int64_t begin = 0;
  for (const auto& item : model.named_parameters()) {
    const bool chosen = trainable(item.key());
    item.value().set_requires_grad(chosen);
    if (!chosen) continue;
    slices_.push_back({item.key(), item.value().sizes().vec(), begin, item.value().numel()});
    begin += item.value().numel();
    pieces.push_back(item.value().detach().flatten());
  }
  Require(!pieces.empty(), "no parameter is trainable");
  values = torch::cat(pieces);
  Attach(model);
}

FlatParameters::FlatParameters(torch::nn::Module& replica, const FlatParameters& owner)
    : values(owner.values), slices_(owner.slices_) {
  for (const auto& item : replica.named_parameters()) item.value().set_requires_grad(false);
  Attach(replica);
}

void FlatParameters::Attach(torch::nn::Module& model) {
  torch::NoGradGuard no_grad;
  gradients = torch::zeros_like(values);
  const auto parameters = model.named_parameters();
  for (const Slice& slice : slices_) {
    const torch::Tensor* found = parameters.find(slice.name);
    if (!found || found->sizes().vec() != slice.shape)
      Fail(fmt::format("parameter '{}' differs between models that are to share it", slice.name));
    torch::Tensor parameter = *found;
    parameter.set_requires_grad(true);
    parameter.set_data(values.narrow(0, slice.begin, slice.size).view(slice.shape));
    parameter.mutable_grad() = gradients.narrow(0, slice.begin, slice.size).view(slice.shape);
  }
}

void FlatParameters::CopyFrom(const std::map<std::string, torch::Tensor>& tensors) {
  torch::NoGradGuard no_grad;
  for (const Slice& slice : slices_) {
    const auto it = tensors.find(slice.name);
    if (it == tensors.end()) Fail(fmt::format("parameter '{}' is missing", slice.name));
    if (it->second.sizes().vec() != slice.shape)
      Fail(fmt::format("parameter '{}' has another shape than the model's", slice.name));
    values.narrow(0, slice.begin, slice.size).copy_(it->second.flatten());
  }
}

std::map<std::string, torch::Tensor> FlatParameters::Split(const torch::Tensor& vector) const {
  std::map<std::string, torch::Tensor> result;
  for (const Slice& slice : slices_)
    result[slice.name] = vector.narrow(0, slice.begin, slice.size).view(slice.shape);
  return result;
}

}  // namespace deerbench
