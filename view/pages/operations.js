// The trusted documents by name; made of operations/ by `make operations`.
export const OPERATIONS = Object.freeze({
  Consents: "9c435800c5279cc4d5a7e062317c4daebbbbc0cfe43bf33c654cecef35a91f01",
  Disclosures: "babbae93113002147e84943822ba26607911cfd83c177fd1047eae9b7d46dcbf",
  GiveConsent: "345f7970eecf662b0af399c0d113fd398229ea9c0d0b13b9b64c606c5c2a0da8",
  Group: "a8877b868da9263b7d386c0a59c8d52e076cc7108123d2acafbf9081192ec335",
  Students: "0d55f3d41bd67f6eddeb088eb060f8fdcfd863bac7fae28b4d212e6ae266eb71",
  Trainees: "7dd87529be4afd12143b5127d4db39800ddcbfbefef02abba8bb49e43b156a13",
  Viewer: "94fe635d5aa64de67b6aac06bb01ad28b0d088b8e68d1dddbc0b3cb3e7b02c42",
  WithdrawConsent: "c6dc30e88a4d6f591fe2aedc7c0153a876a6d98b0fb94ea6f5cbcfc1881296e7",
})
