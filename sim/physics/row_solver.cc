#include "sim/physics/row_solver.h"

#include <BulletDynamics/Featherstone/btMultiBody.h>

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace deerbench {
namespace {

// First entry other than zero, and one past the last such; both 0 if there is none.
std::pair<int, int> RangeOfNonzeros(const btScalar* values, int count) {
  int begin = 0, end = count;
  while (end > 0 && values[end - 1] == 0) --end;
  while (begin < end && values[begin] == 0) ++begin;
  return {begin, end};
}

btScalar Dot(const btScalar* a, const btScalar* b, int count) {
  btScalar sum = 0;
  for (int i = 0; i < count; ++i) sum += a[i] * b[i];
  return sum;
}

}  // namespace

btScalar RowSolver::Row::WantedImpulse() const {
  btScalar impulse = rhs - applied * cfm;
  impulse -= Dot(a.jacobian, a.jacobian_velocity, a.jacobian_count) * inverse_mass;
  impulse -= Dot(b.jacobian, b.jacobian_velocity, b.jacobian_count) * inverse_mass;
  return impulse;
}

void RowSolver::Row::Apply(btScalar impulse) const {
  for (const Side* side : {&a, &b})
    for (int i = 0; i < side->response_count; ++i) side->response_velocity[i] += side->response[i] * impulse;
}

RowSolver::Side RowSolver::MakeSide(btMultiBody* body, int jacobian_index, int velocity_index) {
  Require(body != nullptr, "contact or constraint with something that is not a multi-body");
  if (std::find(bodies_.begin(), bodies_.end(), body) == bodies_.end()) bodies_.push_back(body);
  const int count = body->getNumDofs() + 6;
  const btScalar* jacobian = &m_data.m_jacobians[jacobian_index];
  const btScalar* response = &m_data.m_deltaVelocitiesUnitImpulse[jacobian_index];
  btScalar* velocity = &m_data.m_deltaVelocities[velocity_index];
  const auto [j_begin, j_end] = RangeOfNonzeros(jacobian, count);
  const auto [r_begin, r_end] = RangeOfNonzeros(response, count);
  return {.jacobian = jacobian + j_begin,
          .jacobian_velocity = velocity + j_begin,
          .jacobian_count = j_end - j_begin,
          .response = response + r_begin,
          .response_velocity = velocity + r_begin,
          .response_count = r_end - r_begin};
}

void RowSolver::MakeRows(btMultiBodyConstraintArray& constraints, std::vector<Row>& rows) {
  rows.clear();
  for (int i = 0; i < constraints.size(); ++i) {
    btMultiBodySolverConstraint& c = constraints[i];
    rows.push_back({.constraint = &c,
                    .a = MakeSide(c.m_multiBodyA, c.m_jacAindex, c.m_deltaVelAindex),
                    .b = MakeSide(c.m_multiBodyB, c.m_jacBindex, c.m_deltaVelBindex),
                    .rhs = c.m_rhs,
                    .cfm = c.m_cfm,
                    .inverse_mass = c.m_jacDiagABInv,
                    .lower = c.m_lowerLimit,
                    .upper = c.m_upperLimit,
                    .applied = c.m_appliedImpulse});
  }
}

btScalar RowSolver::solveGroupCacheFriendlySetup(btCollisionObject** bodies, int body_count,
                                                 btPersistentManifold** manifolds, int manifold_count,
                                                 btTypedConstraint** constraints, int constraint_count,
                                                 const btContactSolverInfo& info, btIDebugDraw* drawer) {
  const btScalar result = btMultiBodyConstraintSolver::solveGroupCacheFriendlySetup(
      bodies, body_count, manifolds, manifold_count, constraints, constraint_count, info, drawer);
  bodies_.clear();
  MakeRows(m_multiBodyNonContactConstraints, joint_rows_);
  MakeRows(m_multiBodyNormalContactConstraints, normal_rows_);
  MakeRows(m_multiBodySpinningFrictionContactConstraints, spinning_rows_);
  MakeRows(m_multiBodyTorsionalFrictionContactConstraints, rolling_rows_);
  MakeRows(m_multiBodyFrictionContactConstraints, friction_rows_);
  return result;
}

// Bullet adds every impulse to the bodies as it goes. A body that moves is in one group only, so that the sum
// may as well be added at the end.
btScalar RowSolver::solveGroupCacheFriendlyFinish(btCollisionObject** bodies, int body_count,
                                                  const btContactSolverInfo& info) {
  for (btMultiBody* body : bodies_)
    body->applyDeltaVeeMultiDof2(&m_data.m_deltaVelocities[body->getCompanionId()], 1);
  return btMultiBodyConstraintSolver::solveGroupCacheFriendlyFinish(bodies, body_count, info);
}

// Returns the change of relative velocity.
btScalar RowSolver::Resolve(Row& row) {
  btScalar impulse = row.WantedImpulse();
  const btScalar sum = row.applied + impulse;
  if (sum < row.lower) {
    impulse = row.lower - row.applied;
    row.applied = row.lower;
  } else if (sum > row.upper) {
    impulse = row.upper - row.applied;
    row.applied = row.upper;
  } else {
    row.applied = sum;
  }
  row.constraint->m_appliedImpulse = row.applied;
  row.Apply(impulse);
  return impulse / row.inverse_mass;
}

// Two directions of friction, limited together to the cone.
btScalar RowSolver::ResolveCone(Row& a, Row& b) {
  btScalar impulse_b = b.WantedImpulse();
  btScalar impulse_a = a.WantedImpulse();
  const btScalar sum_b = b.applied + impulse_b, sum_a = a.applied + impulse_a;
  const auto limit = [](Row& row, btScalar sum, btScalar bound, btScalar& impulse) {
    const btScalar clamped = sum < -bound ? -bound : sum > bound ? bound : sum;
    if (clamped != sum) impulse = clamped - row.applied;
    row.applied = clamped;
  };
  if (sum_a * sum_a + sum_b * sum_b >= a.lower * b.lower) {
    const btScalar angle = btAtan2(sum_a, sum_b);
    limit(a, sum_a, btFabs(a.lower * btSin(angle)), impulse_a);
    limit(b, sum_b, btFabs(b.lower * btCos(angle)), impulse_b);
  } else {
    a.applied = sum_a;
    b.applied = sum_b;
  }
  a.constraint->m_appliedImpulse = a.applied;
  b.constraint->m_appliedImpulse = b.applied;
  a.Apply(impulse_a);
  b.Apply(impulse_b);
  return impulse_a / a.inverse_mass + impulse_b / b.inverse_mass;
}

void RowSolver::LimitFriction(Row& row) const {
  const btScalar normal = normal_rows_[static_cast<size_t>(row.constraint->m_frictionIndex)].applied;
  row.lower = -(row.constraint->m_friction * normal);
  row.upper = row.constraint->m_friction * normal;
}

btScalar RowSolver::solveSingleIteration(int iteration, btCollisionObject**, int, btPersistentManifold**, int,
                                         btTypedConstraint**, int, const btContactSolverInfo&,
                                         btIDebugDraw*) {
  btScalar residual = 0;
  const auto note = [&](btScalar velocity) { residual = btMax(residual, velocity * velocity); };
  const auto normal_impulse = [&](const Row& row) {
    return normal_rows_[static_cast<size_t>(row.constraint->m_frictionIndex)].applied;
  };
  // Forwards and backwards by turns.
  for (size_t i = 0; i < joint_rows_.size(); ++i)
    note(Resolve(joint_rows_[iteration & 1 ? i : joint_rows_.size() - 1 - i]));
  for (Row& row : normal_rows_) note(Resolve(row));
  for (Row& row : spinning_rows_) {
    if (!(normal_impulse(row) > 0)) continue;
    LimitFriction(row);
    note(Resolve(row));
  }
  for (size_t i = 0; i + 1 < rolling_rows_.size(); i += 2) {
    if (!(normal_impulse(rolling_rows_[i]) > 0)) continue;
    LimitFriction(rolling_rows_[i]);
    LimitFriction(rolling_rows_[i + 1]);
    note(ResolveCone(rolling_rows_[i], rolling_rows_[i + 1]));
  }
  for (size_t i = 0; i + 1 < friction_rows_.size(); i += 2) {
    LimitFriction(friction_rows_[i]);
    LimitFriction(friction_rows_[i + 1]);
    note(ResolveCone(friction_rows_[i], friction_rows_[i + 1]));
  }
  return residual;
}

}  // namespace deerbench
