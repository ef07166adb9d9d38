#include "agent/small_attention.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace deerbench {
namespace {

constexpr int64_t kMaxKeys = 64, kMaxHeadDim = 64;

// exp for x <= 0, about 1e-7 relative (Cephes' coefficients); plain enough for the compiler to vectorise.
inline float Exp(float x) {
  x = std::max(x, -87.0f);
  const float n = __builtin_rintf(x * 1.44269504088896341f);
  const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  return p * std::bit_cast<float>((static_cast<int32_t>(n) + 127) << 23);
}

struct Sizes {
  int64_t n, t, m, heads, e;
};

// Rows of one matrix (N, rows, heads * e) whose last dimension is dense.
struct View {
  float* data;
  int64_t stride_n, stride_row;
  explicit View(const torch::Tensor& x)
      : data(x.data_ptr<float>()), stride_n(x.stride(0)), stride_row(x.stride(1)) {}
  float* row(int64_t n, int64_t i, int64_t head, int64_t e) const {
    return data + n * stride_n + i * stride_row + head * e;
  }
};

template <int64_t e>
void Forward(const Sizes& s, const View& q, const View& k, const View& v, float scale, const float* bias,
             int64_t bias_stride, bool causal, float* weights, float* out) {
  for (int64_t n = 0; n < s.n; ++n) {
    for (int64_t h = 0; h < s.heads; ++h) {
      float keys[e][kMaxKeys];  // transposed: a row of scores is a sum over e of whole rows
      for (int64_t j = 0; j < s.m; ++j) {
        const float* key = k.row(n, j, h, e);
        for (int64_t x = 0; x < e; ++x) keys[x][j] = key[x];
      }
      const float* added = bias ? bias + n * bias_stride + h * s.m : nullptr;
      for (int64_t t = 0; t < s.t; ++t) {
        const float* query = q.row(n, t, h, e);
        const int64_t seen = causal ? std::min(t + 1, s.m) : s.m;
        float scores[kMaxKeys] = {};
        for (int64_t x = 0; x < e; ++x) {
          const float qx = query[x] * scale;
          for (int64_t j = 0; j < s.m; ++j) scores[j] += qx * keys[x][j];
        }
        if (added)
          for (int64_t j = 0; j < s.m; ++j) scores[j] += added[j];
        float top = scores[0];
        for (int64_t j = 1; j < seen; ++j) top = std::max(top, scores[j]);
        float* p = weights + ((n * s.heads + h) * s.t + t) * s.m;
        float sum = 0;
        for (int64_t j = 0; j < seen; ++j) p[j] = Exp(scores[j] - top);
        for (int64_t j = 0; j < seen; ++j) sum += p[j];
        const float inverse = 1.0f / sum;
        for (int64_t j = 0; j < seen; ++j) p[j] *= inverse;
        for (int64_t j = seen; j < s.m; ++j) p[j] = 0;
        float mixed[e] = {};
        for (int64_t j = 0; j < seen; ++j) {
          const float* value = v.row(n, j, h, e);
          for (int64_t x = 0; x < e; ++x) mixed[x] += p[j] * value[x];
        }
        std::copy_n(mixed, e, out + (n * s.t + t) * s.heads * e + h * e);
      }
    }
  }
}

template <int64_t e>
void Backward(const Sizes& s, const View& q, const View& k, const View& v, float scale, bool causal,
              const float* weights, const View& grad_out, float* grad_q, float* grad_k, float* grad_v) {
  for (int64_t n = 0; n < s.n; ++n) {
    for (int64_t h = 0; h < s.heads; ++h) {
      float values[e][kMaxKeys];
      float dk[kMaxKeys][e] = {}, dv[kMaxKeys][e] = {};
      for (int64_t j = 0; j < s.m; ++j) {
        const float* value = v.row(n, j, h, e);
        for (int64_t x = 0; x < e; ++x) values[x][j] = value[x];
      }
      for (int64_t t = 0; t < s.t; ++t) {
        const int64_t seen = causal ? std::min(t + 1, s.m) : s.m;
        const float* p = weights + ((n * s.heads + h) * s.t + t) * s.m;
        const float* query = q.row(n, t, h, e);
        const float* go = grad_out.row(n, t, h, e);
        float ds[kMaxKeys] = {};
        for (int64_t x = 0; x < e; ++x)
          for (int64_t j = 0; j < s.m; ++j) ds[j] += go[x] * values[x][j];
        float dot = 0;
        for (int64_t j = 0; j < seen; ++j) dot += ds[j] * p[j];
        float dq[e] = {};
        for (int64_t j = 0; j < seen; ++j) {
          const float d = p[j] * (ds[j] - dot) * scale;
          const float* key = k.row(n, j, h, e);
          for (int64_t x = 0; x < e; ++x) {
            dq[x] += d * key[x];
            dk[j][x] += d * query[x];
            dv[j][x] += p[j] * go[x];
          }
        }
        std::copy_n(dq, e, grad_q + (n * s.t + t) * s.heads * e + h * e);
      }
      for (int64_t j = 0; j < s.m; ++j) {
        std::copy_n(dk[j], e, grad_k + (n * s.m + j) * s.heads * e + h * e);
        std::copy_n(dv[j], e, grad_v + (n * s.m + j) * s.heads * e + h * e);
      }
    }
  }
}

template <class Work>
void WithHeadDim(int64_t e, Work&& work) {
  switch (e) {
    case 8:
      return work(std::integral_constant<int64_t, 8>());
    case 16:
      return work(std::integral_constant<int64_t, 16>());
    case 32:
      return work(std::integral_constant<int64_t, 32>());
    default:
      return work(std::integral_constant<int64_t, 64>());
  }
}

torch::Tensor Dense(const torch::Tensor& x) { return x.stride(-1) == 1 ? x : x.contiguous(); }

class SmallAttentionFunction : public torch::autograd::Function<SmallAttentionFunction> {
 public:
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& q_in,
                               const torch::Tensor& k_in, const torch::Tensor& v_in, int64_t heads,
                               double scale, const torch::Tensor& bias_in, bool causal) {
    const torch::Tensor q = Dense(q_in), k = Dense(k_in), v = Dense(v_in);
    const Sizes s = {q.size(0), q.size(1), k.size(1), heads, q.size(2) / heads};
    const torch::Tensor bias = bias_in.contiguous();
    torch::Tensor weights = torch::empty({s.n, heads, s.t, s.m}, q.options());
    torch::Tensor out = torch::empty({s.n, s.t, q.size(2)}, q.options());
    const float* added = bias.numel() > 0 ? bias.data_ptr<float>() : nullptr;
    const int64_t bias_stride = bias.size(0) > 1 ? heads * s.m : 0;
    WithHeadDim(s.e, [&](auto e) {
      Forward<e()>(s, View(q), View(k), View(v), static_cast<float>(scale), added, bias_stride, causal,
                   weights.data_ptr<float>(), out.data_ptr<float>());
    });
    context->save_for_backward({q, k, v, weights});
    context->saved_data["heads"] = heads;
    context->saved_data["scale"] = scale;
    context->saved_data["causal"] = causal;
    return out;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const torch::Tensor &q = saved[0], &k = saved[1], &v = saved[2];
    const int64_t heads = context->saved_data["heads"].toInt();
    const Sizes s = {q.size(0), q.size(1), k.size(1), heads, q.size(2) / heads};
    const torch::Tensor grad_out = Dense(gradients[0]);
    torch::Tensor dq = torch::empty({s.n, s.t, q.size(2)}, q.options());
    torch::Tensor dk = torch::empty({s.n, s.m, q.size(2)}, q.options()), dv = torch::empty_like(dk);
    WithHeadDim(s.e, [&](auto e) {
      Backward<e()>(s, View(q), View(k), View(v), static_cast<float>(context->saved_data["scale"].toDouble()),
                    context->saved_data["causal"].toBool(), saved[3].data_ptr<float>(), View(grad_out),
                    dq.data_ptr<float>(), dk.data_ptr<float>(), dv.data_ptr<float>());
    });
    return {dq, dk, dv, {}, {}, {}, {}};
  }
};

}  // namespace

torch::Tensor SmallAttention(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v,
                             int heads, double scale, const torch::Tensor& key_bias, bool causal) {
  // Autograd takes no undefined tensors: none is an empty one.
  return SmallAttentionFunction::apply(q, k, v, heads, scale,
                                       key_bias.defined() ? key_bias : torch::empty({0}), causal);
}

bool UseSmallAttention(const torch::Tensor& q, const torch::Tensor& k, int heads) {
  const int64_t e = q.size(-1) / heads;
  const bool known = e == 8 || e == 16 || e == 32 || e == kMaxHeadDim;
  return torch::GradMode::is_enabled() && known && k.size(1) <= kMaxKeys && q.device().is_cpu() &&
         q.scalar_type() == torch::kFloat32;
}

}  // namespace deerbench
