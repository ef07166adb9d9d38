// The parts a world is made of.
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <random>
#include <set>

#include "base/error.h"
#include "sim/physics/box_tree.h"
#include "sim/physics/bullet_scene.h"
#include "sim/physics/bullet_types.h"
#include "sim/physics/byte_stream.h"
#include "sim/physics/link_shape.h"
#include "sim/physics/svd6.h"

namespace deerbench {
namespace {

class RandomBoxes {
 public:
  Box Next() {
    const btVector3 center(Uniform(), Uniform(), Uniform());
    const btVector3 half(0.05 + 0.1 * std::abs(Uniform()), 0.05 + 0.1 * std::abs(Uniform()),
                         0.05 + 0.1 * std::abs(Uniform()));
    return {center - half, center + half};
  }

 private:
  double Uniform() { return static_cast<double>(engine_() % 20001) / 1e4 - 1; }
  std::mt19937 engine_{7};
};

std::multiset<int> Overlapping(const BoxTree& tree, const Box& box) {
  std::multiset<int> found;
  tree.ForOverlapping(box, [&](int item) { found.insert(item); });
  return found;
}

TEST_CASE("a box tree finds what overlaps, wherever its leaves have moved to") {
  RandomBoxes random;
  BoxTree tree;
  std::vector<int> leaves;
  for (int item = 0; item < 40; ++item) leaves.push_back(tree.Insert(random.Next(), item));
  for (int round = 0; round < 200; ++round) {
    tree.Update(leaves[static_cast<size_t>(round) % leaves.size()], random.Next());
    tree.Optimize();
    const Box query = random.Next();
    std::multiset<int> expected;
    for (int item = 0; item < 40; ++item)
      if (tree.box(leaves[static_cast<size_t>(item)]).Overlaps(query)) expected.insert(item);
    REQUIRE(Overlapping(tree, query) == expected);
  }
}

TEST_CASE("a leaf that holds its new box stays as it is") {
  BoxTree tree;
  const int leaf = tree.Insert({{0, 0, 0}, {1, 1, 1}}, 0);
  CHECK_FALSE(tree.Update(leaf, {{0.2, 0.2, 0.2}, {0.8, 0.8, 0.8}}));
  CHECK(tree.box(leaf).max.x() == 1);
  CHECK(tree.Update(leaf, {{0.2, 0.2, 0.2}, {1.8, 0.8, 0.8}}));
  CHECK(tree.box(leaf).max.x() == 1.8);
}

TEST_CASE("a restored box tree goes on in the same order") {
  RandomBoxes random;
  BoxTree tree, other;
  std::vector<int> leaves;
  for (int item = 0; item < 20; ++item) {
    const Box box = random.Next();
    leaves.push_back(tree.Insert(box, item));
    other.Insert(box, item);
  }
  for (int i = 0; i < 50; ++i) {
    tree.Update(leaves[static_cast<size_t>(i) % leaves.size()], random.Next());
    tree.Optimize();
  }
  std::vector<std::byte> bytes;
  ByteWriter out(bytes);
  tree.Save(out);
  ByteReader in(bytes);
  other.Restore(in);
  CHECK(in.at_end());
  for (int i = 0; i < 50; ++i) {
    const int leaf = leaves[static_cast<size_t>(i) % leaves.size()];
    const Box box = random.Next();
    for (BoxTree* t : {&tree, &other}) {
      t->Update(leaf, box);
      t->Optimize();
    }
    std::vector<int> order, other_order;
    tree.ForOverlapping(box, [&](int item) { order.push_back(item); });
    other.ForOverlapping(box, [&](int item) { other_order.push_back(item); });
    REQUIRE(order == other_order);
  }
}

// A saved tree: the number of nodes, each of 6 numbers and 4 links, the free nodes, the root, a counter.
constexpr size_t kTreeNode = 6 * sizeof(double) + 4 * sizeof(int);
enum NodeLink : size_t { kParent, kChild0, kChild1, kItem };

size_t LinkAt(int node, NodeLink link) {
  return sizeof(int) + static_cast<size_t>(node) * kTreeNode + 6 * sizeof(double) + link * sizeof(int);
}

int IntAt(const std::vector<std::byte>& bytes, size_t at) {
  int value;
  std::memcpy(&value, bytes.data() + at, sizeof(value));
  return value;
}

void SetInt(std::vector<std::byte>& bytes, size_t at, int value) {
  std::memcpy(bytes.data() + at, &value, sizeof(value));
}

TEST_CASE("a box tree is restored from a tree of its leaves alone, and else stays as it is") {
  RandomBoxes random;
  BoxTree tree;
  for (int item = 0; item < 8; ++item) tree.Insert(random.Next(), item);
  tree.Remove(tree.Insert(random.Next(), 8));  // leaves a leaf and an inner node to be used again
  std::vector<std::byte> saved;
  ByteWriter out(saved);
  tree.Save(out);
  const int count = IntAt(saved, 0);
  REQUIRE(count == 17);
  const size_t free = sizeof(int) + static_cast<size_t>(count) * kTreeNode;
  REQUIRE(IntAt(saved, free) == 2);
  const size_t root_at = free + 3 * sizeof(int);
  const int root = IntAt(saved, root_at);
  const int child = IntAt(saved, LinkAt(root, kChild0)), other = IntAt(saved, LinkAt(root, kChild1));
  const int leaf = 0;  // the first that was inserted
  REQUIRE(IntAt(saved, LinkAt(leaf, kItem)) == 0);

  const auto refuses = [&](size_t at, int value) {
    std::vector<std::byte> bytes = saved;
    SetInt(bytes, at, value);
    ByteReader in(bytes);
    CHECK_THROWS_WITH(tree.Restore(in), Catch::Contains("box tree"));
  };
  refuses(LinkAt(root, kChild0), -1);  // one child
  refuses(LinkAt(root, kChild1), -1);
  refuses(LinkAt(root, kChild0), root);   // a ring
  refuses(LinkAt(root, kChild0), other);  // one node twice
  refuses(LinkAt(root, kParent), child);
  refuses(LinkAt(child, kParent), child);
  refuses(LinkAt(leaf, kChild0), other);
  refuses(LinkAt(leaf, kItem), 1);
  refuses(root_at, child);                                            // half of the tree
  refuses(free + sizeof(int), leaf);                                  // in use and free
  refuses(free + sizeof(int), IntAt(saved, free + 2 * sizeof(int)));  // free twice
  std::vector<std::byte> lost = saved;                                // a node neither in use nor free
  SetInt(lost, free, 1);
  lost.erase(lost.begin() + static_cast<std::ptrdiff_t>(free + sizeof(int)),
             lost.begin() + static_cast<std::ptrdiff_t>(free + 2 * sizeof(int)));
  ByteReader in(lost);
  CHECK_THROWS_WITH(tree.Restore(in), Catch::Contains("box tree"));

  std::vector<std::byte> after;
  ByteWriter again(after);
  tree.Save(again);
  CHECK(after == saved);
  ByteReader whole(saved);
  tree.Restore(whole);
  CHECK(whole.at_end());
}

TEST_CASE("a flag is a byte of 0 or 1") {
  const std::vector<std::byte> bytes = {std::byte{0}, std::byte{1}, std::byte{2}};
  ByteReader in(bytes);
  CHECK_FALSE(in.Read<bool>());
  CHECK(in.Read<bool>());
  CHECK_THROWS_WITH(in.Read<bool>(), Catch::Contains("flag"));
}

TEST_CASE("the inverse by singular values is one") {
  std::mt19937 engine{3};
  for (int round = 0; round < 20; ++round) {
    Matrix6 root, a{};
    for (auto& column : root)
      for (double& value : column) value = static_cast<double>(engine() % 2001) / 1e3 - 1;
    for (size_t c = 0; c < 6; ++c)
      for (size_t r = 0; r < 6; ++r) {
        for (size_t k = 0; k < 6; ++k) a[c][r] += root[k][r] * root[k][c];
        if (r == c) a[c][r] += 0.36;
      }
    const Matrix6 inverse = InverseBySvd(a);
    for (size_t c = 0; c < 6; ++c)
      for (size_t r = 0; r < 6; ++r) {
        double product = 0;
        for (size_t k = 0; k < 6; ++k) product += a[k][r] * inverse[c][k];
        CHECK(product == Approx(r == c ? 1 : 0).margin(1e-12));
      }
  }
}

TEST_CASE("the inverse leaves out directions a hundred times weaker than the strongest") {
  Matrix6 a{};
  for (size_t i = 0; i < 6; ++i) a[i][i] = i == 2 ? 1 : 1000;
  const Matrix6 inverse = InverseBySvd(a);
  CHECK(inverse[2][2] == 0);
  CHECK(inverse[0][0] == Approx(1e-3));
}

TEST_CASE("inverse kinematics brings the tcp nearer but does not converge") {
  const auto model = LoadScene("D", std::getenv("DEERBENCH_SCENES"));
  const BulletScene& scene = BulletScene::Of(*model);
  const ArmJoints q = scene.description().robot.initial_joint_positions_rad;
  const btTransform start = scene.arm_ik().Forward(q);
  btTransform target = start;
  target.getOrigin() += btVector3(0.02, 0.01, -0.02);
  const btTransform reached = scene.arm_ik().Forward(scene.arm_ik().Solve(target, q));
  const double before = (target.getOrigin() - start.getOrigin()).length();
  const double after = (target.getOrigin() - reached.getOrigin()).length();
  CHECK(after < 0.5 * before);
  CHECK(after > 1e-5);
}

TEST_CASE("a link's inertia is that of its shapes' box") {
  LinkDescription link;
  CollisionShape box;
  box.half_extents = {0.03, 0.02, 0.01};
  link.collisions = {box};
  const btVector3 inertia = LinkShape(link).Inertia(2);
  // Of a solid box of 2 kg, its sides 0.06, 0.04 and 0.02 m.
  CHECK(inertia.x() == Approx(2.0 / 12 * (0.04 * 0.04 + 0.02 * 0.02)));
  CHECK(inertia.y() == Approx(2.0 / 12 * (0.06 * 0.06 + 0.02 * 0.02)));
  CHECK(inertia.z() == Approx(2.0 / 12 * (0.06 * 0.06 + 0.04 * 0.04)));
  CHECK(LinkShape(link).Inertia(0).isZero());
}

TEST_CASE("a body of broken links is refused by name") {
  BodyDescription body;
  body.file = "thing.urdf";
  body.links.resize(2);
  body.links[1].name = "arm";
  body.links[1].parent = 5;
  CHECK_THROWS_WITH(BodyBlueprint(body),
                    Catch::Contains("thing.urdf link 'arm'") && Catch::Contains("parent 5"));
  body.links[1].parent = 0;
  body.links[1].mass = -1;
  CHECK_THROWS_WITH(BodyBlueprint(body), Catch::Contains("mass -1"));
}

}  // namespace
}  // namespace deerbench
