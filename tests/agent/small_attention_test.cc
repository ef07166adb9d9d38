#include "agent/small_attention.h"

#include <catch2/catch.hpp>
#include <cmath>

namespace deerbench::test {
namespace {

torch::Tensor Plain(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v, int64_t heads,
                    double scale, const torch::Tensor& bias, bool causal) {
  const auto split = [&](const torch::Tensor& x) {
    return x.reshape({x.size(0), x.size(1), heads, -1}).transpose(1, 2);
  };
  torch::Tensor scores = split(q).matmul(split(k).transpose(-2, -1)) * scale;
  if (bias.defined()) scores = scores + bias.unsqueeze(2);
  if (causal) scores = scores.masked_fill(torch::ones({q.size(1), k.size(1)}, torch::kBool).triu(1), -1e30);
  return torch::softmax(scores, -1).matmul(split(v)).transpose(1, 2).reshape(q.sizes());
}

}  // namespace

TEST_CASE("Attention over few tokens and its gradients equal plain tensor operations") {
  torch::manual_seed(3);
  for (const bool causal : {false, true}) {
    for (const int64_t head_dim : {8, 16, 32, 64}) {
      const int64_t heads = 2, width = heads * head_dim, n = 3, t = 7, m = causal ? t : 17;
      const double scale = 1 / std::sqrt(static_cast<double>(head_dim));
      const auto leaf = [&](int64_t rows) { return torch::randn({n, rows, width}).set_requires_grad(true); };
      const torch::Tensor q = leaf(t), packed = torch::randn({n, m, 2 * width}).set_requires_grad(true);
      const auto kv = packed.chunk(2, -1);
      const torch::Tensor bias = causal ? torch::randn({n, heads, m}) : torch::Tensor();
      const torch::Tensor weight = torch::randn({n, t, width});
      REQUIRE(UseSmallAttention(q, kv[0], heads));

      const torch::Tensor fast = SmallAttention(q, kv[0], kv[1], heads, scale, bias, causal);
      (fast * weight).sum().backward();
      const torch::Tensor dq = q.grad().clone(), dkv = packed.grad().clone();
      q.mutable_grad().zero_();
      packed.mutable_grad().zero_();
      const torch::Tensor plain = Plain(q, kv[0], kv[1], heads, scale, bias, causal);
      (plain * weight).sum().backward();
      INFO("causal " << causal << ", head_dim " << head_dim);
      CHECK((fast - plain).abs().max().item<double>() < 1e-5);
      CHECK((dq - q.grad()).abs().max().item<double>() < 1e-5);
      CHECK((dkv - packed.grad()).abs().max().item<double>() < 1e-5);
    }
  }
}

TEST_CASE("Attention over few tokens is for training alone") {
  torch::NoGradGuard no_grad;
  const torch::Tensor x = torch::zeros({1, 4, 32});
  CHECK_FALSE(UseSmallAttention(x, x, 2));
}

}  // namespace deerbench::test
