// Bullet's solver for multi-bodies, faster.
#pragma once

#include <BulletDynamics/Featherstone/btMultiBodyConstraintSolver.h>

#include <vector>

namespace deerbench {

// Does what btMultiBodyConstraintSolver does (bullet3 6c888f4) in the same order and with the same bits, but
// leaves out what is zero: a row moves few of a body's 6 + n velocities, and those of a fixed base never. A
// motor's row, for instance, is one product instead of thirty.
class RowSolver final : public btMultiBodyConstraintSolver {
 protected:
  btScalar solveGroupCacheFriendlySetup(btCollisionObject** bodies, int body_count,
                                        btPersistentManifold** manifolds, int manifold_count,
                                        btTypedConstraint** constraints, int constraint_count,
                                        const btContactSolverInfo& info, btIDebugDraw* drawer) override;
  btScalar solveSingleIteration(int iteration, btCollisionObject** bodies, int body_count,
                                btPersistentManifold** manifolds, int manifold_count,
                                btTypedConstraint** constraints, int constraint_count,
                                const btContactSolverInfo& info, btIDebugDraw* drawer) override;

  btScalar solveGroupCacheFriendlyFinish(btCollisionObject** bodies, int body_count,
                                         const btContactSolverInfo& info) override;

 private:
  // One of the two bodies of a row: where its entries other than zero begin, and how many there are.
  struct Side {
    const btScalar* jacobian = nullptr;
    const btScalar* jacobian_velocity = nullptr;  // what the Jacobian is multiplied with
    int jacobian_count = 0;
    const btScalar* response = nullptr;  // change of velocities by a unit impulse
    btScalar* response_velocity = nullptr;
    int response_count = 0;
  };

  struct Row {
    btMultiBodySolverConstraint* constraint = nullptr;
    Side a, b;
    btScalar rhs = 0, cfm = 0, inverse_mass = 0;
    btScalar lower = 0, upper = 0;
    btScalar applied = 0;  // impulse so far

    btScalar WantedImpulse() const;  // beyond what was applied, before limits
    void Apply(btScalar impulse) const;
  };

  Side MakeSide(btMultiBody* body, int jacobian_index, int velocity_index);
  void MakeRows(btMultiBodyConstraintArray& constraints, std::vector<Row>& rows);
  void LimitFriction(Row& row) const;

  static btScalar Resolve(Row& row);
  static btScalar ResolveCone(Row& a, Row& b);

  std::vector<btMultiBody*> bodies_;  // that any row acts on
  std::vector<Row> joint_rows_, normal_rows_, spinning_rows_, rolling_rows_, friction_rows_;
};

}  // namespace deerbench
