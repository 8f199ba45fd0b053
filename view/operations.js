// The trusted documents by name; made of operations/ by `make operations`.
export const OPERATIONS = Object.freeze({
  OwnPlan: "d585e9db76f6f33c697571b7bd23b9686c423e1577b840f3d6b73918263e32c9",
  Period: "f0f3e4c99fd096c112d026224da3fd9fc38e8111288098b2491b4cf4212d4d81",
  Plan: "b0064d69e755e94dc5260ff7ea50fd7f54cd3ab05ad80de0bcfa57daeeeeefcc",
})
