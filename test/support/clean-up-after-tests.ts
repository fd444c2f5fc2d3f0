import { cleanUp } from './clean-up.js'

afterAll(cleanUp)
