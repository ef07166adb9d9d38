// One model and copies of it that share its weights, so that several threads can compute gradients at once.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "agent/training/flat_parameters.h"
#include "agent/training/step_threads.h"

namespace deerbench {

// `Model` is a module holder (what TORCH_MODULE makes).
template <class Model>
class Replicas {
 public:
  // `make` builds a model, always the same; the first one is the master.
  Replicas(int count, const std::function<Model()>& make,
           const std::function<bool(const std::string&)>& trainable) {
    models_.push_back(make());
    parameters_.push_back(std::make_unique<FlatParameters>(*models_.front(), trainable));
    for (int i = 1; i < count; ++i) {
      models_.push_back(make());
      parameters_.push_back(std::make_unique<FlatParameters>(*models_.back(), master()));
    }
  }

  Model& model(int i) { return models_[i]; }
  FlatParameters& master() { return *parameters_.front(); }

  // work(model, part, parts) on every thread: a part's backward pass. The master's gradients are the sum,
  // taken in the order of the threads.
  void Accumulate(StepThreads& threads, const std::function<void(Model&, int, int)>& work) {
    threads.Run([&](int i) { work(models_[i], i, static_cast<int>(models_.size())); });
    torch::NoGradGuard no_grad;
    for (size_t i = 1; i < models_.size(); ++i) {
      master().gradients.add_(parameters_[i]->gradients);
      parameters_[i]->gradients.zero_();
    }
  }

 private:
  std::vector<Model> models_;
  std::vector<std::unique_ptr<FlatParameters>> parameters_;
};

}  // namespace deerbench
