import {
  type CreationOptional,
  DataTypes,
  type HasManyCountAssociationsMixin,
  type InferAttributes,
  type InferCreationAttributes,
  Model,
  type Sequelize,
} from "sequelize"

/** A person, known by a mobile number. A deleted one keeps a nameless row until everything is erased. */
export class UserModel extends Model<InferAttributes<UserModel>, InferCreationAttributes<UserModel>> {
  declare id: string
  declare mobileNumber: string | null
  declare name: CreationOptional<string | null>
  declare passwordHash: CreationOptional<string | null>
  declare proUntil: CreationOptional<Date | null>
  declare verifiedAt: CreationOptional<Date | null>
  declare deletedAt: CreationOptional<Date | null>
  declare role: CreationOptional<"user" | "admin">
  declare suspendedAt: CreationOptional<Date | null>
  declare createdAt: CreationOptional<Date>
  declare updatedAt: CreationOptional<Date>
  declare countSessions: HasManyCountAssociationsMixin
  declare countChatrooms: HasManyCountAssociationsMixin
}

export function defineUser(sequelize: Sequelize) {
  class User extends UserModel {}
  return User.init(
    {
      id: { type: DataTypes.UUID, primaryKey: true },
      mobileNumber: DataTypes.TEXT,
      name: DataTypes.TEXT,
      passwordHash: DataTypes.TEXT,
      proUntil: DataTypes.DATE,
      verifiedAt: DataTypes.DATE,
      deletedAt: DataTypes.DATE,
      role: { type: DataTypes.TEXT, defaultValue: "user" },
      suspendedAt: DataTypes.DATE,
      createdAt: DataTypes.DATE,
      updatedAt: DataTypes.DATE,
    },
    { sequelize, tableName: "users", underscored: true },
  )
}
