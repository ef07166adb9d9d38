// Inverse of a 6x6 matrix by singular values.
#pragma once

#include <array>

namespace deerbench {

using Matrix6 = std::array<std::array<double, 6>, 6>;  // [column][row]

// Inverse of a symmetric positive definite matrix, without the directions whose singular value is below a
// hundredth of the largest. Householder bidiagonalisation and implicit QR in the order of operations of
// BussIK's MatrixRmn (bullet3 6c888f4, examples/ThirdPartyLibs/BussIK), so that the bits are PyBullet's.
Matrix6 InverseBySvd(const Matrix6& a);

}  // namespace deerbench
