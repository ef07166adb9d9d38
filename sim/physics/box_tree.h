// Binary tree of axis-aligned boxes for finding overlaps.
#pragma once

#include <LinearMath/btVector3.h>

#include <vector>

namespace deerbench {

class ByteReader;
class ByteWriter;

struct Box {
  btVector3 min = {0, 0, 0}, max = {0, 0, 0};

  bool Contains(const Box& o) const {
    return min.x() <= o.min.x() && min.y() <= o.min.y() && min.z() <= o.min.z() && max.x() >= o.max.x() &&
           max.y() >= o.max.y() && max.z() >= o.max.z();
  }
  bool Overlaps(const Box& o) const {
    return min.x() <= o.max.x() && max.x() >= o.min.x() && min.y() <= o.max.y() && max.y() >= o.min.y() &&
           min.z() <= o.max.z() && max.z() >= o.min.z();
  }
};

// The tree of Bullet's btDbvt (bullet3 6c888f4), to find overlaps in the same order, with one difference that
// matters: nodes are numbers, not addresses. btDbvt rotates nodes by comparing their addresses, so that its
// shape, and with it the order of contacts and the last bits of a simulation, depend on where malloc put
// them.
class BoxTree {
 public:
  // Adds a leaf and returns its node. `item` is the caller's.
  int Insert(const Box& box, int item);

  // Moves a leaf. A leaf whose box contains the new one stays as it is: false.
  bool Update(int leaf, const Box& box);

  void Remove(int leaf);

  // One step of gradual balancing: takes out and reinserts one leaf, another one at each call.
  void Optimize();

  const Box& box(int leaf) const { return nodes_[static_cast<size_t>(leaf)].box; }

  // visit(item) for each leaf that overlaps `box`.
  template <typename Visit>
  void ForOverlapping(const Box& box, Visit&& visit) const;

  void Save(ByteWriter& out) const;
  // Into a tree with the same leaves. Throws Error, and changes nothing, where the bytes do not describe such
  // a tree.
  void Restore(ByteReader& in);

 private:
  struct Node {
    Box box;
    int parent = -1;
    int child[2] = {-1, -1};  // both -1: leaf
    int item = -1;            // leaves in use only
  };

  Node& node(int i) { return nodes_[static_cast<size_t>(i)]; }
  const Node& node(int i) const { return nodes_[static_cast<size_t>(i)]; }
  bool is_leaf(int i) const { return node(i).child[1] < 0; }
  int side_of(int i) const { return node(node(i).parent).child[1] == i ? 1 : 0; }
  int NewNode();
  void Link(int leaf);
  void Unlink(int leaf);
  int Rotate(int i);
  void MergeChildren(int i);
  // Throws Error unless the nodes from `root` down and the `free` ones are all there are, each once.
  static void RequireTree(const std::vector<Node>& nodes, const std::vector<int>& free, int root);

  std::vector<Node> nodes_;
  std::vector<int> free_;  // nodes taken out and not yet used again
  int root_ = -1;
  unsigned path_ = 0;  // its bits choose the way down in Optimize
};

template <typename Visit>
void BoxTree::ForOverlapping(const Box& box, Visit&& visit) const {
  if (root_ < 0) return;
  std::vector<int> stack = {root_};
  while (!stack.empty()) {
    const int i = stack.back();
    stack.pop_back();
    if (!node(i).box.Overlaps(box)) continue;
    if (is_leaf(i)) {
      visit(node(i).item);
    } else {
      stack.push_back(node(i).child[0]);
      stack.push_back(node(i).child[1]);
    }
  }
}

}  // namespace deerbench
