/// Signatures of one RSA key of 2048 bits and exponent 65537, made by Python's `cryptography`; the private key is gone.
///
/// `key.sign(message, padding, hash)` with `padding.PKCS1v15()` and `padding.PSS(padding.MGF1(hash), 32)`, over and over
/// until the first byte came out as zero where the name says so: a signature that is a number would lose it.
enum RSASamples {
    static let exponent: [UInt8] = [1, 0, 1]

    static let modulus = bytes(
        hex: "eae328b43d34ee13bf87fa6b2884accc0f8ea9a91a27ebd1fb8eb6c68720bbb3e418fb56fc0a323971634c34f56b5dc9"
            + "dc01f8c9984c45a0150e7e19d3288b7116c536e8353f56ca5e77f9c27eff96637b301466f731b9406399a341f048e81b"
            + "efee87e775c1d4c39e3367303890b96d0ca5b44651b8da07feba425a0d8f9c2217dc9bc4681804a892df037aeef74405"
            + "00ae32bc7bad8f63225aa7589b275eba569b692447bff4a36d9013127a97463e454efc0ecb258c9f595c137237ca15c8"
            + "b2a5b48412fabcdc97ec0abe4293314e4664cac0dbab6e4f7f386e93afdaacd3655584fdb7dee086a7714211181c489f"
            + "292900f2780a55155e0e908dd96075e9")

    static let message = Array("message 0".utf8)

    static let sha256Message = Array("message 36".utf8)

    static let leadingZeroSHA256 = bytes(
        hex: "0096ae16c83106fddb6de09ee1cce779c1c7009a6c1b0f8d223783c3e8ef23f78b3a54bcb84d819cd231aed61b667bc8"
            + "a36809b2de1223548c20a4501fe412cf9583e1be58e5eb0b52de8a3b1f61e5ef946bdaf09ce45e7fb32cc4ff7c4405be"
            + "d8d8aaf7cac5661d04f264704d1c1eeda3fc88cc2e0177703fc467cfc91955dc0eec6fb12a2d939fb91e74b1d4e0bd6e"
            + "1f7aed604d2a619bbd30d36e62a793fe2ca5a749b199293920e20fcb6bff2f9800b1ff9d2f37f41bc800e733b109252f"
            + "f56a2aacdc617e2561411c651f7815858c4f6aef39b373ff3207efbc245116d7891a362bc186c4d1de0656031ea2fbe9"
            + "c23b72c766c4e3bbf3b546953badc5ff")

    static let sha512Message = Array("message 180".utf8)

    static let leadingZeroSHA512 = bytes(
        hex: "002f7b7b7eaf56cdf9d037338c507db2bed2981564717f75fdcc4952b42fc6ccffa239cceca2bfbf93c46bd48392c42a"
            + "f570d03c2c7fbdbb91c97ae505892cdf6a8ff1d4e6edfe04bb43572abd845f48dc00ee049ea27838c5bc130a8e3dcd41"
            + "e33416b003f9619ce05c5c6f62a5ea1a2a5219a3a3c0ae5f8fdd9f71d3fc800d11d21172db53f83b53477ee8aa4792e7"
            + "fdf7b72d291b0c0ed8677949860a686b6b59875cdb2327d6cfd2493305b944f76665b1ca6ed821e92abebdddbaeb1cc9"
            + "664675168e4e2255be25c886fecb8140387cb7614db182fb1110b2a0536f7ff0f3cc7418afbf586ee3eb5eca95ca24e3"
            + "32a8a54ef8d1cc06e72d54fefe5fbb9b")

    /// Over `message`, as the next ones.
    static let leadingZeroPSS = bytes(
        hex: "008405fcbc286b8ced28fa7b955b898da93d757c2b28563f6486e7455f1aab116443a48c293b07aab5c915000102365e"
            + "f36bf2e070e0d635fb06a2e7f864368ddda6c8f9ad8b86192b1a61722ec98902c02fbb8560b3fc11a786556fa95d0f91"
            + "e717d911e5d2f846e08ca1b30f4b1e679d4e80542990b1e31a8313f6be8783b7f45ade52c1f3db16f4f4fbc25b753c9e"
            + "5fece455f08ebfaa9ce6b5343708f8ebbc663cb6b888504879e62d17ac5a440b92def989de7a30e94a5e8cb65d2aaacc"
            + "976a445ec42797177660907ecec4dc4262d9438043eb905859de7be805e2167c5d7a86c825beffcbf37d6b2c4959f676"
            + "c6450d9fc0a15d7556b4ea3a2089346e")

    /// With a salt of 20 bytes.
    static let shortSaltPSS = bytes(
        hex: "93b2366b024c497a509040dd2818230fffc8ab97b4145c587a729a923964a4bc6768f1082131a3495bfbf5984d856dbf"
            + "82b8eab215210090aeba8c217d54870772afad5f6063e0f094f87d007b7b3fc70de92996a1ef43713c46f4229ed1b07e"
            + "5456fe3e7126f9df539e346c6039a6641729e8e91880b4fc261b2c7f9af0c18aaa69c541152cee89e280c31a5a8f36cd"
            + "91a038d546a05906d7243e125276ff191b6c1fe598e4cac72f068b171a29eacede9f9c3af5b53a0878a383552d05d3d7"
            + "6f5a6e2bccebefa56057975517621b8aad1245f5e5590e62df320ecc347f45e6090fca3b35c44a3e6ff97ea0431f7262"
            + "9638521c8fb0575fc02de5414c90c4f3")

    /// With a mask made by SHA-1.
    static let sha1MaskPSS = bytes(
        hex: "a54dae63ff8f64a5a66517653d8e109cf0fd4adcf719ebc82b153fc4f279b88ba89f1059a509d1f184b2e2106f753780"
            + "09357c7a69f134e531237696b2e5ac3e77e6c70e32cdc66ee6761f340b826e169bf3942f1e4810fd69eac1707be8973a"
            + "008c3a2277fd66f14bf6947c3fbc84b11e24755b61799c6047d5aae2bbbef5828242b0cbdfcc5fca74c3da09a1fab784"
            + "bcaede7126afb21e432980be3a6ca9f12abecde8e8a45ace82a8c2bc3eb45d86cd534375a427eb8a6c8a8438f9fc9153"
            + "9ddb4e0be1f43db06e1ca0ea3a744feb14b9ff6182703a01feb05a245efea3419bacbd634b748b2bb0041018b8f9a698"
            + "70109625228e3bf60ffdee5177c74e7b")

    /// PKCS #1 with SHA-1.
    static let sha1 = bytes(
        hex: "804c8ecfaa0919addcca054c687afeedc992e34149046d59ee6e68a691405d8490b7af814d5a2e0f848594df301ddd09"
            + "c89785ebb78f04ea73c93547ae5fde2990c79157c89c7a311e77a459d78bddf583758cf9043ca1411f7e6ce8bdfea0c3"
            + "ee9b241279b5889c65994fdc89595db9c7de1f15944c3c03142af2673b668ef8dc2a05ddb73e4ef3f5348520fe4be23a"
            + "a8b0fcbfb9c11ff13da64b244883e21914a758038e83553c1b516c3c56309de556976af33167162e819a620cc0f4a532"
            + "4c90e74f0f33419c31a4a9035f96bf242f6132fb76bb50c3c627c180e0b03a42e4f62a6856a27ed131c976ff951c75aa"
            + "a739869e25f999a245205248bfcda385")
}
