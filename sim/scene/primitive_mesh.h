// Triangle meshes of the geometric primitives, centred on the origin.
#pragma once

#include "sim/scene/visual_model.h"

namespace deerbench {

// How the normals of boxes and cylinders are made.
enum class PrimitiveShading {
  kFlat,    // as the surface is
  kRadial,  // away from the centre at each corner: rounded looks, PyBullet's way (it draws the shape's convex
            // hull)
};

// Faces of a box have texture coordinates 0 to 1. Cylinders, capsules and spheres have none and lie along z.
TriangleMesh BoxMesh(double size_x, double size_y, double size_z, PrimitiveShading shading);
TriangleMesh CylinderMesh(double radius, double length, PrimitiveShading shading);
TriangleMesh CapsuleMesh(double radius, double length);  // `length` between the centres of the caps
TriangleMesh SphereMesh(double radius);

}  // namespace deerbench
