#include "sim/physics/box_tree.h"

#include <utility>

#include "base/error.h"
#include "sim/physics/byte_stream.h"

namespace deerbench {
namespace {

Box Merge(const Box& a, const Box& b) {
  Box merged = a;
  merged.min.setMin(b.min);
  merged.max.setMax(b.max);
  return merged;
}

bool SameBox(const Box& a, const Box& b) { return a.Contains(b) && b.Contains(a); }

// Distance of the boxes' centres, times two, in the sum norm.
btScalar Distance(const Box& a, const Box& b) {
  const btVector3 d = (a.min + a.max) - (b.min + b.max);
  return btFabs(d.x()) + btFabs(d.y()) + btFabs(d.z());
}

void SaveVector(ByteWriter& out, const btVector3& v) {
  for (int i = 0; i < 3; ++i) out.Write(v[i]);
}

btVector3 RestoreVector(ByteReader& in) {
  const auto x = in.Read<btScalar>(), y = in.Read<btScalar>(), z = in.Read<btScalar>();
  return {x, y, z};
}

}  // namespace

int BoxTree::NewNode() {
  if (free_.empty()) {
    nodes_.emplace_back();
    return static_cast<int>(nodes_.size()) - 1;
  }
  const int i = free_.back();
  free_.pop_back();
  node(i) = Node{};
  return i;
}

void BoxTree::MergeChildren(int i) {
  node(i).box = Merge(node(node(i).child[0]).box, node(node(i).child[1]).box);
}

void BoxTree::Link(int leaf) {
  if (root_ < 0) {
    root_ = leaf;
    node(leaf).parent = -1;
    return;
  }
  int sibling = root_;
  while (!is_leaf(sibling)) {
    const auto& [child0, child1] = node(sibling).child;
    sibling = Distance(node(leaf).box, node(child0).box) < Distance(node(leaf).box, node(child1).box)
                  ? child0
                  : child1;
  }
  const int joint = NewNode();
  const int above = node(sibling).parent;
  const int side = above < 0 ? 0 : side_of(sibling);
  node(joint).parent = above;
  node(joint).child[0] = sibling;
  node(joint).child[1] = leaf;
  node(sibling).parent = node(leaf).parent = joint;
  MergeChildren(joint);
  if (above < 0) {
    root_ = joint;
    return;
  }
  node(above).child[side] = joint;
  for (int below = joint, i = above; i >= 0 && !node(i).box.Contains(node(below).box);
       below = i, i = node(i).parent)
    MergeChildren(i);
}

void BoxTree::Unlink(int leaf) {
  if (leaf == root_) {
    root_ = -1;
    return;
  }
  const int joint = node(leaf).parent;
  const int above = node(joint).parent;
  const int sibling = node(joint).child[1 - side_of(leaf)];
  node(sibling).parent = above;
  if (above < 0) {
    root_ = sibling;
  } else {
    node(above).child[side_of(joint)] = sibling;
    for (int i = above; i >= 0; i = node(i).parent) {
      const Box before = node(i).box;
      MergeChildren(i);
      if (SameBox(before, node(i).box)) break;
    }
  }
  free_.push_back(joint);
}

int BoxTree::Insert(const Box& box, int item) {
  const int leaf = NewNode();
  node(leaf).box = box;
  node(leaf).item = item;
  Link(leaf);
  return leaf;
}

bool BoxTree::Update(int leaf, const Box& box) {
  if (node(leaf).box.Contains(box)) return false;
  Unlink(leaf);
  node(leaf).box = box;
  Link(leaf);
  return true;
}

void BoxTree::Remove(int leaf) {
  Unlink(leaf);
  node(leaf).item = -1;
  free_.push_back(leaf);
}

// A parent with a higher number than its child changes places with it: btDbvt's rule for addresses, which in
// a fresh process grow with the order of allocation as our numbers do.
int BoxTree::Rotate(int i) {
  const int parent = node(i).parent;
  if (parent <= i) return i;
  const int side = side_of(i);
  const int sibling = node(parent).child[1 - side];
  const int above = node(parent).parent;
  if (above < 0)
    root_ = i;
  else
    node(above).child[side_of(parent)] = i;
  node(i).parent = above;
  node(sibling).parent = i;
  node(parent).parent = i;
  for (int k = 0; k < 2; ++k) {
    node(parent).child[k] = node(i).child[k];
    node(node(i).child[k]).parent = parent;
  }
  node(i).child[side] = parent;
  node(i).child[1 - side] = sibling;
  std::swap(node(i).box, node(parent).box);
  return parent;
}

void BoxTree::Optimize() {
  if (root_ < 0) return;
  int i = root_;
  for (unsigned bit = 0; !is_leaf(i); bit = (bit + 1) % 32) i = node(Rotate(i)).child[(path_ >> bit) & 1];
  Unlink(i);
  Link(i);
  ++path_;
}

void BoxTree::Save(ByteWriter& out) const {
  out.Write(static_cast<int>(nodes_.size()));
  for (const Node& n : nodes_) {
    SaveVector(out, n.box.min);
    SaveVector(out, n.box.max);
    for (const int link : {n.parent, n.child[0], n.child[1], n.item}) out.Write(link);
  }
  out.Write(static_cast<int>(free_.size()));
  for (const int i : free_) out.Write(i);
  out.Write(root_);
  out.Write(path_);
}

void BoxTree::RequireTree(const std::vector<Node>& nodes, const std::vector<int>& free, int root) {
  const auto require = [](bool condition) {
    Require(condition, "contact cache does not belong to this scene (box tree shape)");
  };
  std::vector<bool> seen(nodes.size());
  size_t count = 0;
  const auto see = [&](int i) -> const Node& {
    require(!seen[static_cast<size_t>(i)]);
    seen[static_cast<size_t>(i)] = true;
    ++count;
    return nodes[static_cast<size_t>(i)];
  };
  require(nodes[static_cast<size_t>(root)].parent < 0);
  std::vector<int> stack = {root};
  while (!stack.empty()) {
    const int i = stack.back();
    stack.pop_back();
    const Node& n = see(i);
    const bool leaf = n.child[1] < 0;
    require(leaf == (n.child[0] < 0) && leaf == (n.item >= 0));
    if (leaf) continue;
    for (const int child : n.child) {
      require(nodes[static_cast<size_t>(child)].parent == i);
      stack.push_back(child);
    }
  }
  for (const int i : free) require(see(i).item < 0);
  require(count == nodes.size());
}

void BoxTree::Restore(ByteReader& in) {
  const int count = static_cast<int>(nodes_.size());
  Require(in.Read<int>() == count, "contact cache does not belong to this scene (box tree size)");
  std::vector<Node> nodes(nodes_.size());
  for (Node& n : nodes) {
    n.box.min = RestoreVector(in);
    n.box.max = RestoreVector(in);
    for (int* link : {&n.parent, &n.child[0], &n.child[1], &n.item}) {
      *link = in.Read<int>();
      Require(*link >= -1 && *link < count, "contact cache does not belong to this scene (box tree link)");
    }
  }
  std::vector<int> free(static_cast<size_t>(in.ReadIndex(count + 1)));
  for (int& i : free) i = in.ReadIndex(count);
  const int root = in.ReadIndex(count);
  const auto path = in.Read<unsigned>();
  // Leaves stay where the caller knows them.
  for (size_t i = 0; i < nodes.size(); ++i)
    Require(nodes[i].item == nodes_[i].item, "contact cache does not belong to this scene (box tree leaves)");
  RequireTree(nodes, free, root);
  nodes_ = std::move(nodes);
  free_ = std::move(free);
  root_ = root;
  path_ = path;
}

}  // namespace deerbench
